create table ops.value_fits (
    model          text not null check (model in ('bg_nbd', 'gamma_gamma')),
    as_of          date not null,
    outcome        text not null check (outcome in ('accepted', 'refused', 'not_enough_data')),
    reason         text,
    customers      bigint not null,
    parameters     jsonb,
    log_likelihood double precision,
    backtest       jsonb,
    asked          boolean not null default false,
    primary key (model, as_of),
    check ((outcome = 'accepted') = (reason is null)),
    check (outcome <> 'accepted' or (parameters is not null and log_likelihood is not null and backtest is not null))
);
comment on table ops.value_fits is 'every fit of customer value; of a date the newest accepted one up to it is in use';
comment on column ops.value_fits.asked is 'a person asked for it: it stays on a date that none is due on';
comment on column ops.value_fits.customers is 'customers that the fit is of';
comment on column ops.value_fits.parameters is 'by name, times in weeks; of a fit that did not converge, where it stopped';
comment on column ops.value_fits.backtest is 'scores of a fit not shown the last days, and of the one in use; less is better';
