with customers as {{ inlined() }} (
    select * from {{ ref("int_customers__orders") }}
    where orders_in_window > 0
),

{{ rfm_thresholds() }}
