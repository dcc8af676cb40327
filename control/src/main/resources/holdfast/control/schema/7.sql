create index servers_by_state on servers (state, last_seen_at, id);

create index instances_by_server on instances (server_id);

create index phases_by_server on phases (server_id, name, started_at, job_id);
