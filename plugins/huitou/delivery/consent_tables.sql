-- What consent says of everybody, for the claims of this session.
create temporary table if not exists granted (customer_key text, channel text, primary key (customer_key, channel));
create temporary table if not exists refused (contact_hash text, channel text, primary key (contact_hash, channel))
