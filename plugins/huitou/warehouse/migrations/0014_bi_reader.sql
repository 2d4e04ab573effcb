-- BI tools log in as a member of bi_reader, which reads marts and nothing else. A role is the whole server's: where the
-- warehouse's account may not make one, an administrator does (`create role bi_reader`), and the next publication lets
-- it in.
do $$
begin
    create role bi_reader nologin;
exception
    when duplicate_object or unique_violation or insufficient_privilege then null;
end
$$;

create function ops.let_readers_in() returns void
language plpgsql as $$
begin
    if exists (select from pg_roles where rolname = 'bi_reader')
        and not has_schema_privilege('bi_reader', 'marts', 'usage')
    then
        grant usage on schema marts to bi_reader;
        grant select on all tables in schema marts to bi_reader;
        -- A mart that is published for the first time is readable at once.
        alter default privileges in schema marts grant select on tables to bi_reader;
    end if;
end
$$;
comment on function ops.let_readers_in() is 'idempotent; each publication calls it';

select ops.let_readers_in();
