with files as (
    select * from {{ source("landing", "files") }}
),

sums as (
    select * from {{ source("landing", "sums") }}
)

select
    files.feed,
    sums.day,
    sums.currency,
    sums.measure,
    sums.verdict,
    sum(sums.value) as value
from sums
inner join files on sums.file_id = files.file_id
where sums.day <= {{ business_date() }}
group by files.feed, sums.day, sums.currency, sums.measure, sums.verdict
