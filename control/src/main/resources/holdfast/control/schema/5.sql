create table users (
    name text not null primary key,
    role text not null,
    created_at bigint not null,
    row_check bigint not null
);

create table roles (
    name text not null primary key,
    actions text not null,
    row_check bigint not null
);

create table user_keys (
    id text not null primary key,
    user_name text not null,
    sealed text not null,
    active bigint not null,
    created_at bigint not null,
    expires_at bigint,
    row_check bigint not null
);

create table used_signatures (
    signature text not null primary key,
    until bigint not null,
    row_check bigint not null
)
