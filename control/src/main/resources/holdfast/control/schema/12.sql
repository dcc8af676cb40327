create table elsewhere (
    instance_id text not null primary key,
    hostname text not null,
    since bigint not null,
    last_seen_at bigint,
    last_point text,
    row_check bigint not null
)
