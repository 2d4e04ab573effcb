-- What changed in raw since a build last looked. Whoever brings rows notes the file; what leaves or changes notes its
-- keys, by triggers, in the same transaction. A build takes the notes with it and deletes them once it is done.
create table landing.changes (
    change_id bigint generated always as identity primary key,
    feed      text not null,
    file_id   bigint,
    source    text,
    key       text[],
    moments   timestamptz[] not null default '{}',
    day       date
);
comment on table landing.changes is
'one row a file with new rows, a row that left raw or changed, a person, or a business date whose sums changed';
comment on column landing.changes.feed is 'a contract, or identities, person_keys or sums';
comment on column landing.changes.key is 'the contract''s key as text; with neither file, key nor day: everything of the feed';
comment on column landing.changes.moments is 'the times of a row that left or changed: its days are to be added up again';
comment on column landing.changes.day is 'the business date of the row, or of the sums';

-- A trigger of a raw table calls it with feed, the columns of its key and its columns of time; `gone` are the rows as
-- they were. So many at once are a feed that is read anew, for which one note does.
create function landing.note_gone() returns trigger
language plpgsql as $$
begin
    if tg_op = 'TRUNCATE' then
        insert into landing.changes (feed) values (tg_argv[0]);
    elsif (select count(*) > 100000 from (select from gone limit 100001) as many) then
        insert into landing.changes (feed) values (tg_argv[0]);
    else
        execute format(
            'insert into landing.changes (feed, source, key, moments, day)'
            ' select %L, _source, array[%s]::text[], array_remove(array[%s]::timestamptz[], null), _business_date from gone',
            tg_argv[0], tg_argv[1], tg_argv[2]
        );
    end if;
    return null;
end
$$;

create function landing.note_persons() returns trigger
language plpgsql as $$
begin
    insert into landing.changes (feed, key)
    select distinct 'person_keys', array[v.customer_key]
    from turned as t cross join lateral (values (t.customer_key), (t.superseded_by)) as v (customer_key)
    where v.customer_key is not null;
    return null;
end
$$;
create trigger note_recorded after insert on vault.person_keys
referencing new table as turned for each statement execute function landing.note_persons();
create trigger note_changed after update on vault.person_keys
referencing new table as turned for each statement execute function landing.note_persons();
create trigger note_deleted after delete on vault.person_keys
referencing old table as turned for each statement execute function landing.note_persons();

create function landing.note_accounts() returns trigger
language plpgsql as $$
begin
    if (select count(*) > 100000 from (select from accounts limit 100001) as many) then
        insert into landing.changes (feed) values ('identities');
    else
        insert into landing.changes (feed, source, key) select 'identities', source, array[customer_id] from accounts;
    end if;
    return null;
end
$$;
create trigger note_added after insert on vault.identities
referencing new table as accounts for each statement execute function landing.note_accounts();
create trigger note_changed after update on vault.identities
referencing new table as accounts for each statement execute function landing.note_accounts();
create trigger note_deleted after delete on vault.identities
referencing old table as accounts for each statement execute function landing.note_accounts();

create function landing.note_sums() returns trigger
language plpgsql as $$
begin
    insert into landing.changes (feed, day) select distinct 'sums', day from summed;
    return null;
end
$$;
create trigger note_added after insert on landing.sums
referencing new table as summed for each statement execute function landing.note_sums();
create trigger note_changed after update on landing.sums
referencing new table as summed for each statement execute function landing.note_sums();
create trigger note_deleted after delete on landing.sums
referencing old table as summed for each statement execute function landing.note_sums();

-- Which build stands in candidate. Unlogged, as the tables are that it speaks of: a crash that empties them empties it.
create unlogged table ops.build_state (
    only_row    boolean primary key default true check (only_row),
    as_of       date not null,
    fingerprint text not null,
    attempted   date,
    unpublished text not null check (unpublished in ('nothing', 'touched', 'everything'))
);
comment on column ops.build_state.as_of is 'the business date that candidate stands at';
comment on column ops.build_state.fingerprint is 'digest of models, seeds and settings that built it';
comment on column ops.build_state.attempted is 'the latest date of builds that began since and did not end';
comment on column ops.build_state.unpublished is 'where candidate may differ from marts: nowhere, in noted keys, anywhere';

-- What a build has taken on from landing.changes, and the keys that follow from it. Each build fills them anew.
create unlogged table staging.taken_changes (like landing.changes including defaults);
create unlogged table staging.touched_orders (source text, order_id text, primary key (source, order_id));
create unlogged table staging.touched_refunds (source text, refund_id text, primary key (source, refund_id));
create unlogged table staging.touched_answers (source text, answer_id text, primary key (source, answer_id));
create unlogged table staging.touched_accounts (source text, customer_id text, primary key (source, customer_id));
create unlogged table staging.touched_customers (customer_key text primary key);
create unlogged table staging.touched_customer_orders (source text, order_id text, primary key (source, order_id));
create unlogged table staging.touched_days (day date primary key);
create unlogged table staging.touched_sale_days (day date primary key);
create unlogged table staging.touched_books (source text, order_id text, primary key (source, order_id));
create unlogged table staging.touched_book_refunds (source text, refund_id text, primary key (source, refund_id));
create unlogged table staging.touched_book_answers (source text, answer_id text, primary key (source, answer_id));
