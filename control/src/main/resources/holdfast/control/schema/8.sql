create table network_changes (
    vpc text not null primary key,
    change text not null,
    row_check bigint not null
);

create table source_networks (
    id text not null primary key,
    vpc text not null,
    region text not null,
    state text not null,
    reason text not null,
    created_at bigint not null,
    captured text,
    stack text,
    recovery text,
    export text,
    row_check bigint not null
);

create table network_stacks (
    name text not null primary key,
    network text not null,
    origin text,
    description text not null,
    created_at bigint not null,
    updated_at bigint not null,
    row_check bigint not null
);

create table network_attachments (
    instance_id text not null,
    position bigint not null,
    stack text not null,
    network text not null,
    hardware_address text not null,
    row_check bigint not null,
    primary key (instance_id, position)
)
