create table reversals (
    server_id text not null primary key,
    instance_id text not null unique,
    origin text not null,
    row_check bigint not null
)
