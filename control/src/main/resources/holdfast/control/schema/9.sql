create table accounts (
    id text not null primary key,
    name text not null,
    initialized_at bigint,
    row_check bigint not null
);

create table holdings (
    resource text not null primary key,
    account text not null,
    row_check bigint not null
);

create index holdings_by_account on holdings (account);

create table shares (
    account text not null,
    target text not null,
    row_check bigint not null,
    primary key (account, target)
);

create table extensions (
    server_id text not null primary key,
    origin text not null,
    account text not null,
    row_check bigint not null
)
