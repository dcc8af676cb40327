create table encryption_keys (
    id text not null primary key,
    name text not null,
    created_at bigint not null,
    row_check bigint not null
)
