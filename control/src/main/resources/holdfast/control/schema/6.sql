create table plans (
    id text not null primary key,
    name text not null,
    description text not null,
    client_token text,
    steps text not null,
    created_at bigint not null,
    updated_at bigint not null,
    row_check bigint not null
);

create table executions (
    id text not null primary key,
    plan_id text not null,
    drill bigint not null,
    state text not null,
    reason text,
    points text not null,
    steps text not null,
    client_token text,
    started_at bigint not null,
    completed_at bigint,
    row_check bigint not null
);

create index executions_by_state on executions (state, plan_id)
