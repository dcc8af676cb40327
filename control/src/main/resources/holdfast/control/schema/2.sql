create table account (
    id text not null primary key,
    initialized_at bigint,
    row_check bigint not null
);

create table access_keys (
    id text not null primary key,
    secret text not null,
    role text not null,
    created_at bigint not null,
    row_check bigint not null
);

create table tags (
    resource text not null,
    name text not null,
    value text not null,
    row_check bigint not null,
    primary key (resource, name)
)
