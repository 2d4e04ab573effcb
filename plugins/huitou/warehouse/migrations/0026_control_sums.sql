-- What each file brought, counted when its rows were judged: the source's side of the reconciliation.
create table landing.sums (
    file_id  bigint not null references landing.files on delete cascade deferrable initially deferred,
    day      date not null,
    verdict  text not null check (verdict in ('loaded', 'duplicate', 'quarantined')),
    currency text not null,
    measure  text not null,
    value    numeric not null,
    primary key (file_id, day, verdict, currency, measure)
);
comment on table landing.sums is 'rows, and the money columns of the contract added up, by business date, verdict and currency';
comment on column landing.sums.day is 'the business date of the rows; of a row that came twice, the first is the loaded one';
comment on column landing.sums.currency is 'ISO 4217; XXX where the feed has no currency or the row does not tell it';
comment on column landing.sums.measure is 'rows, or the name of a money column';
