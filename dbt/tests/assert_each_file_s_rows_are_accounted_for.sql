-- Law 1, told three ways: the manifest of a file, its control sums and its rows in quarantine say the same.
with summed as (
    select
        file_id,
        sum(value) filter (where verdict = 'loaded') as loaded,
        sum(value) filter (where verdict = 'duplicate') as duplicate,
        sum(value) filter (where verdict = 'quarantined') as quarantined
    from {{ source("landing", "sums") }}
    where measure = 'rows'
    group by file_id
),

kept as (
    select
        file_id,
        count(*) as quarantined
    from {{ source("quarantine", "rows") }}
    where closed_how is distinct from 'recheck'
    group by file_id
)

select
    files.file_id,
    files.feed
from {{ source("landing", "files") }} as files
inner join summed on files.file_id = summed.file_id
left join kept on files.file_id = kept.file_id
where
    files.rows_seen <> files.loaded + files.duplicate + files.quarantined
    or files.loaded <> coalesce(summed.loaded, 0)
    or files.duplicate <> coalesce(summed.duplicate, 0)
    or files.quarantined <> coalesce(summed.quarantined, 0)
    or files.quarantined <> coalesce(kept.quarantined, 0)
