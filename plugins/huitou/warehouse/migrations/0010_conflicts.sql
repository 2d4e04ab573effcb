-- Rows that came with the key and version of another row and other content. What they hold is kept typed beside the
-- row as sent, so that a row which comes later can be told from them, and the same one wins in any order of arrival.
create table quarantine.conflicts (
    quarantine_id bigint primary key references quarantine.rows on delete cascade,
    source        text not null,
    feed          text not null,
    key           jsonb not null,
    version       timestamptz not null,
    content       jsonb not null
);
comment on column quarantine.conflicts.key is 'the values of the contract''s key, in its order';
comment on column quarantine.conflicts.content is 'the contract''s columns, typed; contact points as keyed hashes';
create index conflicts_by_key on quarantine.conflicts (source, feed, key, version);

alter table landing.files add column encoding text not null default '';
comment on column landing.files.encoding is 'of the file''s text, declared or detected; empty where its format has none';
