-- The life of a row in quarantine: what it was about, by which reading it was judged, and how its case was closed.
alter table quarantine.rows
    add column key text[],
    add column version timestamptz,
    add column figures jsonb not null default '{}',
    add column judged_by text,
    add column closed_on date,
    add column closed_how text check (closed_how in ('recheck', 'sent_right', 'dismissed')),
    add column closed_by_file bigint,
    add column closed_by_line bigint,
    add constraint closed_cases_say_how check (
        (state = 'open') = (closed_how is null) and (state = 'open') = (closed_on is null)
        and (state = 'dismissed') = (closed_how is not distinct from 'dismissed')
    );
comment on column quarantine.rows.key is 'the contract''s key as text, where the row tells it and it is no contact point';
comment on column quarantine.rows.version is 'version of the record, where the row tells it';
comment on column quarantine.rows.figures is 'currency and money of the row, where readable: its part of landing.sums';
comment on column quarantine.rows.judged_by is 'digest of the mapping and contract that gave the reasons';
comment on column quarantine.rows.closed_on is 'the business date by which the case was closed';
comment on column quarantine.rows.closed_how is 'recheck: loaded by a mended reading; sent_right: a newer row took its place';
comment on column quarantine.rows.closed_by_file is 'file of the newer row that took its place';

-- Whoever opens or dismisses a case need not know how that is kept; one that is closed stays as it was closed.
create function quarantine.keep_how_it_was_closed() returns trigger
language plpgsql as $$
begin
    if new.state = 'open' then
        new.closed_on := null;
        new.closed_how := null;
        new.closed_by_file := null;
        new.closed_by_line := null;
    elsif old.state <> 'open' and new.state <> old.state then
        new.state := old.state;
    elsif new.state = 'dismissed' then
        new.closed_how := 'dismissed';
        new.closed_on := coalesce(new.closed_on, greatest(new.business_date, (
            select max(f.night) from landing.files as f where f.source = new.source and f.feed = new.feed
        )));
    end if;
    return new;
end
$$;
create trigger keep_how_it_was_closed before update of state on quarantine.rows
for each row execute function quarantine.keep_how_it_was_closed();

create table quarantine.actions (
    action_id     bigint generated always as identity primary key,
    quarantine_id bigint not null,
    source        text not null,
    feed          text not null,
    file          text not null,
    line          bigint not null,
    action        text not null check (action in ('released', 'dismissed', 'still_bad', 'reopened')),
    by_whom       text not null,
    because       text not null,
    reasons       text[] not null,
    at            timestamptz not null default clock_timestamp()
);
comment on table quarantine.actions is 'who closed or looked at a case again, when and why; outlives the case itself';
create index actions_by_case on quarantine.actions (quarantine_id);
