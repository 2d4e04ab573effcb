-- Which columns each file had, and how that differed from what the mapping reads.
create table landing.headers (
    file_id bigint primary key references landing.files on delete cascade deferrable initially deferred,
    columns text[] not null
);
comment on column landing.headers.columns is 'in the order of the file; of JSON Lines those of the first record';

create table landing.drift (
    source     text not null,
    feed       text not null,
    kind       text not null check (kind in ('added', 'missing', 'retyped')),
    name       text not null,
    since      date not null,
    first_file bigint not null,
    last_file  bigint not null,
    hint       text not null default '',
    over       boolean not null default false,
    primary key (source, feed, kind, name)
);
comment on table landing.drift is 'columns that came, went or changed their type; told once, when it began';
comment on column landing.drift.name is 'column of the source; of a changed type, column of the contract';
comment on column landing.drift.over is 'the newest file no longer shows it: the next time is told again';
