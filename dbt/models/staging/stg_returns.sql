{{ touched_model(
    "returns", indexes=[["source", "return_id", "line_no"], ["source", "order_id"], ["requested_day"]]
) }}

with returns as (
    {{ newest(source("raw", "returns"), ["return_id", "line_no"], "returns") }}
),

final as (
    select
        _source as source,
        return_id,
        line_no,
        order_id,
        units,
        coalesce(kind, 'unstated') as kind,
        coalesce(reason, 'unstated') as reason,
        status,
        requested_at,
        {{ local_day("requested_at") }} as requested_day
    from returns
)

select * from final
where requested_day <= {{ business_date() }}
