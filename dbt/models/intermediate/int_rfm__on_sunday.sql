{{ config(pre_hook="{{ keep_rows() }}", post_hook="{{ note_whose_scores_moved() }}") }}

with customers as {{ inlined() }} (
    select * from {{ ref("int_customers__on_sunday") }}
    where orders_in_window > 0
),

{{ rfm_thresholds() }}
