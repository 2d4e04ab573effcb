create table ops.cluster_fits (
    as_of      date primary key,
    outcome    text not null check (outcome in ('accepted', 'not_enough_data', 'refused')),
    reason     text,
    customers  integer not null,
    clusters   integer,
    silhouette double precision,
    check ((outcome = 'accepted') = (reason is null)),
    check ((outcome = 'accepted') = (clusters is not null and silhouette is not null))
);
comment on table ops.cluster_fits is 'one fit of the clusters a business date; the newest accepted one is in use';
comment on column ops.cluster_fits.customers is 'customers that it was fitted to';
comment on column ops.cluster_fits.silhouette is 'mean, -1 to 1: how much nearer customers are to their own cluster';

create table ops.cluster_sizes (
    as_of      date not null references ops.cluster_fits on delete cascade,
    cluster    integer not null check (cluster >= 1),
    customers  integer not null check (customers >= 1),
    silhouette double precision not null,
    primary key (as_of, cluster)
);
comment on table ops.cluster_sizes is 'each cluster as it was fitted';

create table ops.cluster_centres (
    as_of     date not null,
    cluster   integer not null,
    feature   text not null,
    mean      double precision not null,
    deviation double precision not null check (deviation > 0),
    centre    double precision not null,
    primary key (as_of, cluster, feature),
    foreign key (as_of, cluster) references ops.cluster_sizes on delete cascade
);
comment on table ops.cluster_centres is 'the centre that is nearest to (feature - mean) / deviation is a customer''s';
