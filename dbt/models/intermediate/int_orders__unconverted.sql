{{ touched_model("orders", indexes=[["source", "order_id"]]) }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "orders") }}
),

order_versions as (
    {{ touched_rows(ref("stg_order_versions"), "orders") }}
),

rates as (
    select * from {{ ref("stg_exchange_rates") }}
),

foreign_sales as (
    select * from orders
    where is_sale and currency <> '{{ var("base_currency") }}'
),

first_sold as (
    select
        source,
        order_id,
        currency,
        min(known_day) as known_day
    from order_versions
    where is_sale
    group by source, order_id, currency
),

days as (
    select distinct
        source,
        currency,
        order_day
    from foreign_sales
),

-- Any rate that was young enough converted the day's sales, though a better one may have come later.
rated_days as (
    select
        days.source,
        days.currency,
        days.order_day,
        min(rates.known_day) as rated_on
    from days
    inner join rates
        on
            days.source = rates.source
            and days.currency = rates.currency
            and days.order_day >= rates.valid_from
            and days.order_day < rates.lapses_on
    group by days.source, days.currency, days.order_day
),

cases as (
    select
        foreign_sales.source,
        foreign_sales.order_id,
        foreign_sales.currency,
        greatest(first_sold.known_day, foreign_sales.order_day) as seen_on,
        rated_days.rated_on as closed_on
    from foreign_sales
    inner join first_sold
        on
            foreign_sales.source = first_sold.source
            and foreign_sales.order_id = first_sold.order_id
            and foreign_sales.currency = first_sold.currency
    left join rated_days
        on
            foreign_sales.source = rated_days.source
            and foreign_sales.currency = rated_days.currency
            and foreign_sales.order_day = rated_days.order_day
)

select * from cases
where closed_on is null or closed_on > seen_on
