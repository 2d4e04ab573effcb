-- A worker lives as long as it holds the lock of its key. A peer that vanished is noticed within a minute.
select
    pg_advisory_lock(%(worker)s),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('tcp_keepalives_idle', '30', false),
    set_config('tcp_keepalives_interval', '10', false),
    set_config('tcp_keepalives_count', '3', false)
