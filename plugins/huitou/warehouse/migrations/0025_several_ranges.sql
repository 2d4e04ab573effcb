-- Block range indexes of raw tables keep several ranges a column from now on: whoever makes the tables makes them anew.
do $$
declare
    stale regclass;
begin
    for stale in
        select i.indexrelid
        from pg_index as i
        join pg_class as c on c.oid = i.indexrelid
        join pg_am as a on a.oid = c.relam
        where a.amname = 'brin' and c.relnamespace in ('raw'::regnamespace, 'vault'::regnamespace)
    loop
        execute format('drop index %s', stale);
    end loop;
end
$$;
