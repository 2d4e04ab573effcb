-- Workers of rows in doubt whose lock is free. It is taken here, so that what they left can no longer change.
with suspects as materialized (
    select distinct worker
    from ops.messages
    where state in ('claimed', 'sending') and worker is distinct from %(worker)s
)

select coalesce(array_agg(worker), '{}') from suspects
where worker is null or pg_try_advisory_xact_lock(worker)
