create table schema_versions (
    version bigint not null primary key,
    schema_check bigint not null,
    row_check bigint not null
);

create table table_sums (
    table_name text not null primary key,
    row_count bigint not null,
    check_sum bigint not null,
    row_check bigint not null
);

create table tokens (
    hash text not null primary key,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    server_id text,
    row_check bigint not null
);

create table servers (
    id text not null primary key,
    hostname text not null,
    state text not null,
    error text,
    reason text not null,
    state_since bigint not null,
    enrolled_at bigint not null,
    last_seen_at bigint,
    machine text,
    report text,
    disks text not null,
    row_check bigint not null
);

create table jobs (
    id text not null primary key,
    request text not null,
    kind text not null,
    state text not null,
    reason text not null,
    lease_owner text,
    lease_until bigint,
    attempts bigint not null,
    created_at bigint not null,
    ended_at bigint,
    result text,
    row_check bigint not null
);

create table phases (
    job_id text not null,
    position bigint not null,
    server_id text not null,
    name text not null,
    started_at bigint not null,
    ended_at bigint,
    detail text not null,
    row_check bigint not null,
    primary key (job_id, position)
);

create table instances (
    id text not null primary key,
    job_id text not null,
    server_id text not null,
    drill bigint not null,
    state text not null,
    reason text not null,
    created_at bigint not null,
    point text not null,
    machine text,
    boot_proof text,
    ended_at bigint,
    row_check bigint not null
);

create table exports (
    id text not null primary key,
    server_id text not null,
    disk text not null,
    volume_id text not null,
    created_at bigint not null,
    point text not null,
    row_check bigint not null
);

create index jobs_by_state on jobs (state, created_at);

create index instances_by_job on instances (job_id)
