-- Which key names contact points (their keyed hashes). It is the same for ever: under another one nobody would be
-- known again, and no refusal would be found.
create table vault.naming_key (
    only_row boolean primary key default true check (only_row),
    key_id   text not null
);
create index contact_points_by_key on vault.contact_points (key_id);
