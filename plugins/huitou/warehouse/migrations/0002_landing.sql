-- The manifest: what became of every row of every file, committed with the rows themselves.
create table landing.files (
    file_id        bigint generated always as identity primary key,
    source         text not null,
    feed           text not null,
    business_date  date not null,
    night          date not null,
    name           text not null,
    sha256         text not null,
    bytes          bigint not null,
    stamp          text not null,
    mapping_sha256 text not null,
    landed_as      text not null,
    rows_seen      bigint not null,
    loaded         bigint not null,
    duplicate      bigint not null,
    quarantined    bigint not null,
    ahead          bigint not null,
    recorded_at    timestamptz not null default clock_timestamp(),
    constraint every_row_is_accounted_for check (rows_seen = loaded + duplicate + quarantined),
    constraint one_record_a_file_and_night unique (source, feed, business_date, name, sha256)
);
comment on column landing.files.business_date is 'the day that the file is of';
comment on column landing.files.night is 'the night that brought it: later than its day where it was late';
comment on column landing.files.stamp is 'what the store says of the file without reading it: size, time, tag';
comment on column landing.files.ahead is 'rows dated after the business date: not of this night, not counted as seen';
create index files_by_night on landing.files (night, feed);

create table quarantine.rows (
    quarantine_id bigint generated always as identity primary key,
    source        text not null,
    feed          text not null,
    business_date date not null,
    file_id       bigint not null references landing.files on delete cascade deferrable initially deferred,
    line          bigint not null,
    reasons       text[] not null check (cardinality(reasons) > 0),
    row           jsonb not null,
    state         text not null default 'open' check (state in ('open', 'released', 'dismissed')),
    unique (file_id, line)
);
comment on column quarantine.rows.row is 'the row as sent; contact points stand as keyed hashes, sealed in vault';
create index rows_by_feed on quarantine.rows (source, feed, state);
