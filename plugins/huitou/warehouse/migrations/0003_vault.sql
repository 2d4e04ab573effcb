-- Bodies name tables that the feed contracts create, so they are checked when they run, not when they are made.
set local check_function_bodies = off;

create table vault.contact_points (
    contact_hash text primary key,
    kind         text not null,
    key_id       text not null,
    sealed       bytea not null
);
comment on table vault.contact_points is 'phone, e-mail, name …: sealed with a key outside the database, named by a keyed hash';

create table vault.identities (
    source       text not null,
    customer_id  text not null,
    customer_key text not null,
    stated       boolean not null,
    primary key (source, customer_id)
);
comment on column vault.identities.stated is 'the source itself said which person this account is';
create index identities_by_key on vault.identities (customer_key);

create table vault.suppressions (
    contact_hash text not null,
    channel      text not null,
    reason       text not null,
    since        timestamptz not null,
    primary key (contact_hash, channel)
);

-- The stable name of a person: everything outside the vault knows a customer by this alone.
create function vault.customer_key(source text, person text) returns text
language sql immutable parallel safe as $$
    select 'c_' || left(encode(sha256(convert_to(source || chr(31) || person, 'UTF8')), 'hex'), 24)
$$;

-- One row a person and kind of contact: the newest one known at the close of the business date.
create function vault.contacts_as_of(as_of date) returns table (customer_key text, kind text, contact_hash text)
language sql stable as $$
    select distinct on (i.customer_key, p.kind) i.customer_key, p.kind, p.contact_hash
    from raw.customers as c
    join vault.identities as i on i.source = c._source and i.customer_id = c.customer_id
    cross join lateral (values ('phone', c.phone), ('email', c.email)) as p (kind, contact_hash)
    where c._business_date <= as_of
    order by i.customer_key, p.kind, c._version desc, c.customer_id desc
$$;

-- The last word of a person on a channel, by the time it was said; said at the same time, the refusal holds.
create function vault.consent_as_of(as_of date) returns table (customer_key text, channel text, granted boolean)
language sql stable as $$
    select distinct on (i.customer_key, e.channel) i.customer_key, e.channel, e.action = 'opt_in'
    from vault.consent_events as e
    join vault.identities as i on i.source = e._source and i.customer_id = e.customer_id
    where e._business_date <= as_of and e.purpose = 'marketing'
    order by i.customer_key, e.channel, e.occurred_at desc, (e.action = 'opt_out') desc
$$;

-- Contact points that nobody may use on a channel: one of their owners refused it, or they are suppressed.
create function vault.refused_as_of(as_of date) returns table (contact_hash text, channel text)
language sql stable as $$
    select distinct k.contact_hash, s.channel
    from vault.consent_as_of(as_of) as s
    join vault.contacts_as_of(as_of) as k using (customer_key)
    where not s.granted and k.contact_hash is not null
    union
    select u.contact_hash, u.channel from vault.suppressions as u
$$;
