-- Bodies name tables that the feed contracts create, so they are checked when they run, not when they are made.
set local check_function_bodies = off;

alter table vault.identities
    add column known_from date not null default '0001-01-01',
    add column erased_on date;
comment on column vault.identities.customer_key is 'given at birth and never changed; vault.person_keys says whose it is';
comment on column vault.identities.known_from is 'the earliest business date by which the account was known';
comment on column vault.identities.erased_on is 'tombstone: nothing personal of this account is taken in again';

-- What an account bore, ever: each identifier with the name that stood beside it and the date by which it was known.
create table vault.identifiers (
    source      text not null,
    customer_id text not null,
    kind        text not null check (kind in ('person', 'wechat', 'phone', 'email')),
    identifier  text not null,
    name_hash   text not null default '',
    known_from  date not null,
    primary key (source, customer_id, kind, identifier, name_hash)
);
comment on column vault.identifiers.identifier is 'a keyed hash; of kind person the source and its name for the person';
create index identifiers_by_value on vault.identifiers (kind, identifier);

-- Whose a key is. Rows are only ever added: what is learned late is a new recording of the key's whole history.
create table vault.person_keys (
    customer_key  text not null,
    recording     bigint not null,
    since         date not null,
    superseded_by text check (superseded_by <> customer_key),
    primary key (customer_key, recording, since)
);
comment on column vault.person_keys.recording is 'of several recordings of a key the highest holds, and is whole';
comment on column vault.person_keys.since is 'business date from which it is so';
comment on column vault.person_keys.superseded_by is 'the person''s key, resolved to the end; null where it is the key itself';
create index person_keys_by_survivor on vault.person_keys (superseded_by, customer_key) where superseded_by is not null;
create sequence vault.recordings;

-- A merge changes whose consent counts for whom.
create trigger consent_gate before insert or update or delete or truncate on vault.person_keys
for each statement execute function ops.share_consent_gate();

create table vault.identity_rules (
    only_row        boolean primary key default true check (only_row),
    sharing_limit    integer not null,
    identifier_limit integer not null
);
comment on table vault.identity_rules is 'the limits that person_keys was worked out with; other limits work it out anew';

-- The keys that had lost their person to another key when the business date closed.
create function vault.superseded_as_of(as_of date) returns table (customer_key text, superseded_by text)
language sql stable as $$
    select k.customer_key, k.superseded_by
    from (
        select distinct on (p.customer_key) p.customer_key, p.superseded_by
        from vault.person_keys as p
        where p.since <= as_of
        order by p.customer_key desc, p.recording desc, p.since desc
    ) as k
    where k.superseded_by is not null
$$;

-- The key of the person that a key stands for.
create function vault.person_of(key text, as_of date) returns text
language sql stable as $$
    select coalesce((
        select p.superseded_by from vault.person_keys as p
        where p.customer_key = key and p.since <= as_of
        order by p.recording desc, p.since desc limit 1
    ), key)
$$;

create function vault.current_key(key text) returns text
language sql stable as $$ select vault.person_of(key, 'infinity') $$;

create function vault.accounts_as_of(as_of date) returns table (source text, customer_id text, customer_key text)
language sql stable as $$
    select i.source, i.customer_id, coalesce(s.superseded_by, i.customer_key)
    from vault.identities as i
    left join vault.superseded_as_of(as_of) as s on s.customer_key = i.customer_key
$$;

-- One row a person and kind of contact: the newest one that any of their accounts bears at the close of the date.
create or replace function vault.contacts_as_of(as_of date)
returns table (customer_key text, kind text, contact_hash text)
language sql stable as $$
    with newest as (
        select distinct on (c._source, c.customer_id)
            c._source, c.customer_id, c._version, c.phone, c.email, c.wechat
        from raw.customers as c
        where c._business_date <= as_of
        order by c._source desc, c.customer_id desc, c._version desc
    )
    select distinct on (a.customer_key, p.kind) a.customer_key, p.kind, p.contact_hash
    from newest as n
    join vault.accounts_as_of(as_of) as a on a.source = n._source and a.customer_id = n.customer_id
    cross join lateral (values ('phone', n.phone), ('email', n.email), ('wechat', n.wechat)) as p (kind, contact_hash)
    order by a.customer_key, p.kind, (p.contact_hash is null), n._version desc, n.customer_id desc
$$;

-- The word of a person on a channel. Of one account the last holds, and said at the same time the refusal; of several
-- accounts a refusal of any. A key that lost its person has the word of that person, so nothing planned under it
-- escapes.
create or replace function vault.consent_as_of(as_of date)
returns table (customer_key text, channel text, granted boolean)
language sql stable as $$
    with words as (
        select distinct on (e._source, e.customer_id, e.channel)
            e._source, e.customer_id, e.channel, e.action = 'opt_in' as granted
        from vault.consent_events as e
        where e._business_date <= as_of and e.purpose = 'marketing'
        order by e._source, e.customer_id, e.channel, e.occurred_at desc, (e.action = 'opt_out') desc
    ), keys as (
        select i.source, i.customer_id, i.erased_on, i.customer_key as own_key,
            coalesce(s.superseded_by, i.customer_key) as person_key
        from vault.identities as i
        left join vault.superseded_as_of(as_of) as s on s.customer_key = i.customer_key
    ), persons as (
        select k.person_key, w.channel, bool_and(w.granted and k.erased_on is null) as granted
        from words as w
        join keys as k on k.source = w._source and k.customer_id = w.customer_id
        group by k.person_key, w.channel
    )
    select p.person_key, p.channel, p.granted from persons as p
    union all
    select s.customer_key, p.channel, p.granted
    from vault.superseded_as_of(as_of) as s join persons as p on p.person_key = s.superseded_by
$$;

-- Contact points that nobody may use on a channel: someone who refused it bears them or once bore them, or they are
-- suppressed.
create or replace function vault.refused_as_of(as_of date) returns table (contact_hash text, channel text)
language sql stable as $$
    select distinct p.contact_hash, s.channel
    from vault.consent_as_of(as_of) as s
    join vault.accounts_as_of(as_of) as a on a.customer_key = s.customer_key
    join raw.customers as c on c._source = a.source and c.customer_id = a.customer_id
    cross join lateral (values (c.phone), (c.email), (c.wechat)) as p (contact_hash)
    where not s.granted and c._business_date <= as_of and p.contact_hash is not null
    union
    select u.contact_hash, u.channel from vault.suppressions as u
$$;

-- Holdouts by person: who was ever held out under any key stays out under all of them.
create function ops.holdouts_as_of(as_of date)
returns table (campaign text, customer_key text, assigned_on date, held_out boolean)
language sql stable as $$
    select h.campaign, coalesce(s.superseded_by, h.customer_key), min(h.assigned_on), bool_or(h.held_out)
    from ops.holdouts as h
    left join vault.superseded_as_of(as_of) as s on s.customer_key = h.customer_key
    group by 1, 2
$$;

create index identities_erased on vault.identities (source, customer_id) where erased_on is not null;
