create table failbacks (
    instance_id text not null primary key,
    state text not null,
    reason text not null,
    state_since bigint not null,
    client text,
    reached bigint,
    last_point text,
    verified text,
    job_id text,
    report text,
    settings text not null,
    row_check bigint not null
)
