create table settings (
    resource text not null,
    kind text not null,
    created_at bigint not null,
    settings text not null,
    row_check bigint not null,
    primary key (resource, kind)
);

create table launch_actions (
    resource text not null,
    id text not null,
    position bigint not null,
    script text not null,
    optional bigint not null,
    active bigint not null,
    parameters text not null,
    document text not null,
    row_check bigint not null,
    primary key (resource, id)
)
