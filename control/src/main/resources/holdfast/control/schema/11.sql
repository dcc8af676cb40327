create table server_machines (
    server_id text not null primary key,
    machine text not null,
    row_check bigint not null
)
