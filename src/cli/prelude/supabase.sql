-- A Supabase-shaped environment for a throw-away server, so that migrations written for Supabase load and mean what
-- they mean there: who the API logs in as, whom it may become, what those roles hold, and what auth.uid() answers.
--
-- Relies on: PostgreSQL 15 or newer, a superuser session, an otherwise empty database. The contrib extensions are used
-- where they are installed and missed quietly where they are not. It may be loaded into several databases of one
-- cluster: roles that exist already are kept and brought into shape.
--
-- How it differs from the real thing:
--   * Hosted, "postgres" is no superuser: it owns public's objects and has BYPASSRLS. Here it is usually the bootstrap
--     superuser. Nothing in an audit changes by that: the personas are other roles, a view's or a SECURITY DEFINER
--     function's owner passes RLS either way, and owner rules (FORCE, members of the owner) still hold.
--   * auth, storage and realtime have the tables, columns, owners and grants that migrations and policies refer to, not
--     the services' whole schemas. No service runs: no token is checked, no file stored, nothing is broadcast.
--   * vault keeps secrets in the clear, cron runs nothing, net sends nothing: calls to them succeed and are only noted.
--   * storage's trigger that refuses direct DELETEs is left out: the storage service switches it off for its own
--     statements, so that the policies decide; with it every probe of a DELETE would be refused for the wrong reason.
--   * Of contrib, only what the platform creates by itself is created; what somebody switched on in the dashboard is not.
--   * Extensions that contrib lacks (vector, pg_net, pg_cron, pgmq, pgjwt, pg_graphql, postgis) are not made here: the
--     loader has stand-ins for the types of some, and the schemas cron, net and graphql_public exist, as if it had
--     succeeded. Of the others CREATE EXTENSION fails and is reported.
--   * PostgREST's settings come from its environment there; here they are in the catalog, where tools can read them.

set client_min_messages = warning;
set check_function_bodies = off;

-- 1. Roles -----------------------------------------------------------------------------------------------------------

do $$
declare
    wanted constant text[][] := array[
        -- role                          attributes, as the platform gives them
        ['postgres',                     'login createdb createrole replication bypassrls'],
        ['anon',                         'nologin inherit'],
        ['authenticated',                'nologin inherit'],
        ['service_role',                 'nologin inherit bypassrls'],
        ['authenticator',                'login noinherit'],
        ['dashboard_user',               'nologin createdb createrole replication'],
        ['pgbouncer',                    'login'],
        ['supabase_admin',               'login superuser createdb createrole replication bypassrls'],
        ['supabase_auth_admin',          'login noinherit'],
        ['supabase_storage_admin',       'login noinherit'],
        ['supabase_realtime_admin',      'nologin noinherit'],
        ['supabase_functions_admin',     'login noinherit createrole'],
        ['supabase_replication_admin',   'login replication'],
        ['supabase_etl_admin',           'login replication'],
        ['supabase_read_only_user',      'login bypassrls']
    ];
    entry text[];
begin
    foreach entry slice 1 in array wanted loop
        if not exists (select from pg_catalog.pg_roles where rolname = entry[1]) then
            execute pg_catalog.format('create role %I %s', entry[1], entry[2]);
        elsif entry[1] <> 'postgres' and entry[1] <> current_user then
            execute pg_catalog.format('alter role %I %s', entry[1], entry[2]);
        end if;
    end loop;
end
$$;

-- What the API's login role may become. It inherits nothing: until SET ROLE it can do nothing of its own.
grant anon, authenticated, service_role to authenticator;
grant authenticator, anon, authenticated, service_role to supabase_storage_admin;
grant pg_read_all_data to supabase_read_only_user;
do $$
begin
    -- A superuser needs no membership, but catalog readers look for it: hosted, postgres may become the API's roles.
    if current_user <> 'authenticator' then
        grant anon, authenticated, service_role, authenticator to postgres with admin option;
    end if;
end
$$;

-- Where tools find the API: the login role's own settings. (Hosted, PostgREST gets them from its environment until
-- somebody overrides them here.)
alter role authenticator set pgrst.db_schemas = 'public, graphql_public';
alter role authenticator set pgrst.db_anon_role = 'anon';
alter role authenticator set pgrst.db_extra_search_path = 'public, extensions';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role supabase_auth_admin set search_path = 'auth';
alter role supabase_auth_admin set idle_in_transaction_session_timeout = 60000;
alter role supabase_storage_admin set search_path = 'storage';

-- 2. Schemas ---------------------------------------------------------------------------------------------------------

create schema if not exists extensions authorization postgres;
create schema if not exists auth authorization supabase_admin;
create schema if not exists storage authorization supabase_admin;
create schema if not exists realtime authorization supabase_admin;
create schema if not exists _realtime authorization supabase_admin;
create schema if not exists supabase_functions authorization supabase_admin;
create schema if not exists supabase_migrations authorization postgres;
create schema if not exists graphql authorization supabase_admin;
create schema if not exists graphql_public authorization supabase_admin;
create schema if not exists pgbouncer authorization pgbouncer;
create schema if not exists vault authorization supabase_admin;
create schema if not exists pgsodium authorization supabase_admin;
create schema if not exists cron authorization supabase_admin;
create schema if not exists net authorization supabase_admin;

grant usage on schema public, extensions, auth, storage, realtime, graphql, graphql_public, net
    to anon, authenticated, service_role;
grant usage on schema vault to service_role;
grant usage on schema public, extensions, auth, storage, realtime, graphql, graphql_public, vault, cron, net to postgres;
grant all on schema public to postgres;
grant all on schema auth to supabase_auth_admin, dashboard_user;
grant all on schema storage to supabase_storage_admin, dashboard_user;
grant all on schema realtime to supabase_realtime_admin;
grant all on schema extensions to dashboard_user;

do $$
begin
    execute pg_catalog.format('grant all on database %I to dashboard_user, postgres', pg_catalog.current_database());
    execute pg_catalog.format('grant create on database %I to supabase_auth_admin, supabase_storage_admin',
                              pg_catalog.current_database());
    -- Hosted this is set for the role postgres, and PostgREST adds "public, extensions" for its own sessions.
    execute pg_catalog.format('alter database %I set search_path = "$user", public, extensions',
                              pg_catalog.current_database());
end
$$;
set search_path = "$user", public, extensions;

-- 3. The platform's default privileges: all that the migrations' role creates in public is handed to the API's roles.

do $$
declare
    creator name;
begin
    foreach creator in array array['postgres'::name, 'supabase_admin'::name, current_user] loop
        execute pg_catalog.format('alter default privileges for role %I in schema public
            grant all on tables to postgres, anon, authenticated, service_role', creator);
        execute pg_catalog.format('alter default privileges for role %I in schema public
            grant all on sequences to postgres, anon, authenticated, service_role', creator);
        execute pg_catalog.format('alter default privileges for role %I in schema public
            grant all on functions to postgres, anon, authenticated, service_role', creator);
    end loop;
end
$$;
alter default privileges for role supabase_auth_admin in schema auth grant all on tables to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on sequences to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on functions to postgres, dashboard_user;

-- 4. Extensions: those the platform switches on by itself. Migrations create the others, in the schema they choose:
-- made here already, "create extension citext" would fail, and "public.citext" would name nothing.

do $$
declare
    wanted name;
begin
    foreach wanted in array array['uuid-ossp', 'pgcrypto', 'pg_stat_statements']::name[] loop
        begin
            execute pg_catalog.format('create extension if not exists %I with schema extensions', wanted);
        exception when others then
            null; -- Not installed on this machine: a migration that needs it will say so.
        end;
    end loop;
end
$$;
grant execute on all functions in schema extensions to anon, authenticated, service_role, dashboard_user;

-- uuid_generate_v4() is the commonest default of primary keys: it must exist even where uuid-ossp is not installed.
do $$
begin
    if pg_catalog.to_regprocedure('extensions.uuid_generate_v4()') is null then
        create function extensions.uuid_generate_v4() returns uuid
            language sql volatile parallel safe as 'select pg_catalog.gen_random_uuid()';
    end if;
end
$$;

-- 5. auth: owned by the auth service, hidden from the API's roles but for the functions about the caller. -----------

create table if not exists auth.users (
    instance_id uuid,
    id uuid primary key,
    aud varchar(255),
    role varchar(255),
    email varchar(255),
    encrypted_password varchar(255),
    email_confirmed_at timestamptz,
    invited_at timestamptz,
    confirmation_token varchar(255),
    confirmation_sent_at timestamptz,
    recovery_token varchar(255),
    recovery_sent_at timestamptz,
    email_change_token_new varchar(255),
    email_change varchar(255),
    email_change_sent_at timestamptz,
    last_sign_in_at timestamptz,
    raw_app_meta_data jsonb,
    raw_user_meta_data jsonb,
    is_super_admin boolean,
    created_at timestamptz,
    updated_at timestamptz,
    phone text unique default null,
    phone_confirmed_at timestamptz,
    phone_change text default '',
    phone_change_token varchar(255) default '',
    phone_change_sent_at timestamptz,
    confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
    email_change_token_current varchar(255) default '',
    email_change_confirm_status smallint default 0 check (email_change_confirm_status between 0 and 2),
    banned_until timestamptz,
    reauthentication_token varchar(255) default '',
    reauthentication_sent_at timestamptz,
    is_sso_user boolean not null default false,
    deleted_at timestamptz,
    is_anonymous boolean not null default false
);
create unique index if not exists users_email_partial_key on auth.users (email) where not is_sso_user;
create index if not exists users_instance_id_idx on auth.users (instance_id);
create index if not exists users_is_anonymous_idx on auth.users (is_anonymous);
comment on column auth.users.is_sso_user is 'The account comes from single sign-on: its e-mail address may occur twice.';

do $$
begin
    create type auth.aal_level as enum ('aal1', 'aal2', 'aal3');
    create type auth.factor_type as enum ('totp', 'webauthn', 'phone');
    create type auth.factor_status as enum ('unverified', 'verified');
    create type auth.one_time_token_type as enum ('confirmation_token', 'reauthentication_token', 'recovery_token',
                                                  'email_change_token_new', 'email_change_token_current', 'phone_change_token');
    create type auth.code_challenge_method as enum ('s256', 'plain');
exception when duplicate_object then
    null;
end
$$;

create table if not exists auth.identities (
    provider_id text not null,
    user_id uuid not null references auth.users on delete cascade,
    identity_data jsonb not null,
    provider text not null,
    last_sign_in_at timestamptz,
    created_at timestamptz,
    updated_at timestamptz,
    email text generated always as (lower(identity_data ->> 'email')) stored,
    id uuid primary key default gen_random_uuid(),
    unique (provider_id, provider)
);
create table if not exists auth.sessions (
    id uuid primary key,
    user_id uuid not null references auth.users on delete cascade,
    created_at timestamptz,
    updated_at timestamptz,
    factor_id uuid,
    aal auth.aal_level,
    not_after timestamptz,
    refreshed_at timestamp,
    user_agent text,
    ip inet,
    tag text
);
create table if not exists auth.refresh_tokens (
    instance_id uuid,
    id bigserial primary key,
    token varchar(255) unique,
    user_id varchar(255),
    revoked boolean,
    created_at timestamptz,
    updated_at timestamptz,
    parent varchar(255),
    session_id uuid references auth.sessions on delete cascade
);
create table if not exists auth.mfa_factors (
    id uuid primary key,
    user_id uuid not null references auth.users on delete cascade,
    friendly_name text,
    factor_type auth.factor_type not null,
    status auth.factor_status not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    secret text,
    phone text,
    last_challenged_at timestamptz unique,
    web_authn_credential jsonb,
    web_authn_aaguid uuid
);
create table if not exists auth.mfa_challenges (
    id uuid primary key,
    factor_id uuid not null references auth.mfa_factors on delete cascade,
    created_at timestamptz not null,
    verified_at timestamptz,
    ip_address inet not null,
    otp_code text,
    web_authn_session_data jsonb
);
create table if not exists auth.mfa_amr_claims (
    session_id uuid not null references auth.sessions on delete cascade,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    authentication_method text not null,
    id uuid primary key,
    unique (session_id, authentication_method)
);
create table if not exists auth.one_time_tokens (
    id uuid primary key,
    user_id uuid not null references auth.users on delete cascade,
    token_type auth.one_time_token_type not null,
    token_hash text not null check (token_hash <> ''),
    relates_to text not null,
    created_at timestamp not null default now(),
    updated_at timestamp not null default now()
);
create table if not exists auth.flow_state (
    id uuid primary key,
    user_id uuid,
    auth_code text not null,
    code_challenge_method auth.code_challenge_method not null,
    code_challenge text not null,
    provider_type text not null,
    provider_access_token text,
    provider_refresh_token text,
    created_at timestamptz,
    updated_at timestamptz,
    authentication_method text not null,
    auth_code_issued_at timestamptz
);
create table if not exists auth.sso_providers (
    id uuid primary key,
    resource_id text,
    created_at timestamptz,
    updated_at timestamptz,
    disabled boolean
);
create table if not exists auth.sso_domains (
    id uuid primary key,
    sso_provider_id uuid not null references auth.sso_providers on delete cascade,
    domain text not null check (domain <> ''),
    created_at timestamptz,
    updated_at timestamptz
);
create table if not exists auth.audit_log_entries (
    instance_id uuid,
    id uuid primary key,
    payload json,
    created_at timestamptz,
    ip_address varchar(64) not null default ''
);
create table if not exists auth.instances (
    id uuid primary key,
    uuid uuid,
    raw_base_config text,
    created_at timestamptz,
    updated_at timestamptz
);
create table if not exists auth.schema_migrations (version varchar(255) primary key);
create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
create table if not exists supabase_migrations.seed_files (path text primary key, hash text not null);

-- The four questions a policy asks about its caller. Each claim may come as a setting of its own (older PostgREST) or
-- within the JSON of all claims; an empty setting means "not signed in", as after a rolled-back set_config.
create or replace function auth.uid() returns uuid language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    )::uuid
$$;
create or replace function auth.role() returns text language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.role', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
    )::text
$$;
create or replace function auth.email() returns text language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.email', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
    )::text
$$;
create or replace function auth.jwt() returns jsonb language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb
$$;
comment on function auth.uid() is 'The signed-in user''s id: the claim "sub".';
comment on function auth.role() is 'The claim "role".';
comment on function auth.email() is 'The claim "email".';
comment on function auth.jwt() is 'All claims.';

-- 6. storage: tables that every signed-in and anonymous caller holds in full, so that only policies decide. ---------

do $$
begin
    create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
exception when duplicate_object then
    null;
end
$$;
create table if not exists storage.buckets (
    id text primary key,
    name text not null unique,
    owner uuid,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    public boolean default false,
    avif_autodetection boolean default false,
    file_size_limit bigint,
    allowed_mime_types text[],
    owner_id text,
    type storage.buckettype not null default 'STANDARD'
);
comment on column storage.buckets.owner is 'Superseded by owner_id.';
create table if not exists storage.objects (
    id uuid primary key default gen_random_uuid(),
    bucket_id text references storage.buckets,
    name text,
    owner uuid,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    last_accessed_at timestamptz default now(),
    metadata jsonb,
    path_tokens text[] generated always as (string_to_array(name, '/')) stored,
    version text,
    owner_id text,
    user_metadata jsonb,
    unique (bucket_id, name)
);
create index if not exists name_prefix_search on storage.objects (name text_pattern_ops);
comment on column storage.objects.owner is 'Superseded by owner_id.';
create table if not exists storage.s3_multipart_uploads (
    id text primary key,
    in_progress_size bigint not null default 0,
    upload_signature text not null,
    bucket_id text not null references storage.buckets,
    key text collate "C" not null,
    version text not null,
    owner_id text,
    created_at timestamptz not null default now(),
    user_metadata jsonb
);
create table if not exists storage.migrations (
    id integer primary key,
    name varchar(100) not null unique,
    hash varchar(40) not null,
    executed_at timestamp default current_timestamp
);

create or replace function storage.foldername(name text) returns text[] language plpgsql immutable as $$
declare
    parts constant text[] := string_to_array(name, '/');
begin
    return parts[1 : cardinality(parts) - 1];
end
$$;
create or replace function storage.filename(name text) returns text language plpgsql immutable as $$
declare
    parts constant text[] := string_to_array(name, '/');
begin
    return parts[cardinality(parts)];
end
$$;
create or replace function storage.extension(name text) returns text language plpgsql immutable as $$
begin
    return reverse(split_part(reverse(storage.filename(name)), '.', 1));
end
$$;
create or replace function storage.get_size_by_bucket() returns table (size bigint, bucket_id text)
language sql stable as $$
    select sum((o.metadata ->> 'size')::bigint)::bigint, o.bucket_id from storage.objects o group by o.bucket_id
$$;
create or replace function storage.search(prefix text, bucketname text, limits integer default 100,
        levels integer default 1, offsets integer default 0, search text default '',
        sortcolumn text default 'name', sortorder text default 'asc')
returns table (name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, metadata jsonb)
language sql stable as $$
    -- Runs as the caller: what it lists is what the caller's SELECT policies let through.
    select o.path_tokens[levels], o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata
    from storage.objects o
    where o.bucket_id = bucketname and starts_with(o.name, prefix || search)
    order by o.name limit limits offset offsets
$$;
create or replace function storage.touch_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;
create or replace trigger update_objects_updated_at before update on storage.objects
    for each row execute function storage.touch_updated_at();

-- 7. realtime: private channels are rows of realtime.messages that the caller may read or write. ---------------------

create table if not exists realtime.messages (
    topic text not null,
    extension text not null,
    payload jsonb,
    event text,
    private boolean default false,
    updated_at timestamp not null default now(),
    inserted_at timestamp not null default now(),
    id uuid not null default gen_random_uuid(),
    primary key (id, inserted_at)
) partition by range (inserted_at);
create table if not exists realtime.messages_default partition of realtime.messages default;
create or replace function realtime.topic() returns text language sql stable as $$
    select nullif(current_setting('realtime.topic', true), '')::text
$$;
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void language sql as $$
    insert into realtime.messages (payload, event, topic, private, extension)
    values (send.payload, send.event, send.topic, send.private, 'broadcast')
$$;
create or replace function realtime.broadcast_changes(topic_name text, event_name text, operation text, table_name text,
        table_schema text, new record, old record, level text default 'ROW')
returns void language plpgsql as $$
begin
    perform realtime.send(jsonb_build_object('operation', operation, 'table', table_name, 'schema', table_schema,
                                             'record', to_jsonb(new), 'old_record', to_jsonb(old)),
                          event_name, topic_name, true);
end
$$;
set client_min_messages = error; -- A server whose wal_level is not "logical" warns; nobody subscribes here.
do $$
begin
    if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
end
$$;
set client_min_messages = warning;

-- 8. Stand-ins that are called by migrations and do nothing. ---------------------------------------------------------

create or replace function graphql_public.graphql("operationName" text default null, query text default null,
        variables jsonb default null, extensions jsonb default null)
returns jsonb language sql as $$
    select '{"errors": [{"message": "pg_graphql is not available here"}]}'::jsonb
$$;

create table if not exists vault.secrets (
    id uuid primary key default gen_random_uuid(),
    name text unique,
    description text not null default '',
    secret text not null,
    key_id uuid,
    nonce bytea,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp
);
create or replace view vault.decrypted_secrets as
    select id, name, description, secret, secret as decrypted_secret, key_id, nonce, created_at, updated_at
    from vault.secrets;
create or replace function vault.create_secret(new_secret text, new_name text default null,
        new_description text default '', new_key_id uuid default null)
returns uuid language sql security definer set search_path = '' as $$
    insert into vault.secrets (secret, name, description, key_id)
    values (new_secret, new_name, new_description, new_key_id) returning id
$$;
create or replace function vault.update_secret(secret_id uuid, new_secret text default null, new_name text default null,
        new_description text default null, new_key_id uuid default null)
returns void language sql security definer set search_path = '' as $$
    update vault.secrets set secret = coalesce(new_secret, secret), name = coalesce(new_name, name),
        description = coalesce(new_description, description), updated_at = now()
    where id = secret_id
$$;

create table if not exists cron.job (
    jobid bigint generated always as identity primary key,
    schedule text not null,
    command text not null,
    nodename text not null default 'localhost',
    nodeport integer not null default 5432,
    database text not null default current_database(),
    username text not null default current_user,
    active boolean not null default true,
    jobname name unique
);
create table if not exists cron.job_run_details (
    jobid bigint,
    runid bigint generated always as identity primary key,
    command text,
    status text,
    return_message text,
    start_time timestamptz,
    end_time timestamptz
);
create or replace function cron.schedule(job_name text, schedule text, command text) returns bigint language sql as $$
    insert into cron.job (jobname, schedule, command) values (job_name, schedule.schedule, schedule.command)
    on conflict (jobname) do update set schedule = excluded.schedule, command = excluded.command
    returning jobid
$$;
create or replace function cron.schedule(schedule text, command text) returns bigint language sql as $$
    insert into cron.job (schedule, command) values (schedule.schedule, schedule.command) returning jobid
$$;
create or replace function cron.unschedule(job_name text) returns boolean language sql as $$
    with gone as (delete from cron.job where jobname = job_name returning 1) select exists (select from gone)
$$;
create or replace function cron.unschedule(job_id bigint) returns boolean language sql as $$
    with gone as (delete from cron.job where jobid = job_id returning 1) select exists (select from gone)
$$;

create sequence if not exists net.http_request_queue_id_seq;
create table if not exists net._http_response (
    id bigint,
    status_code integer,
    content_type text,
    headers jsonb,
    content text,
    timed_out boolean,
    error_msg text,
    created timestamptz not null default now()
);
create or replace function net.http_get(url text, params jsonb default '{}', headers jsonb default '{}',
        timeout_milliseconds integer default 5000)
returns bigint language sql security definer set search_path = '' as $$
    select pg_catalog.nextval('net.http_request_queue_id_seq')
$$;
create or replace function net.http_post(url text, body jsonb default '{}', params jsonb default '{}',
        headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds integer default 5000)
returns bigint language sql security definer set search_path = '' as $$
    select pg_catalog.nextval('net.http_request_queue_id_seq')
$$;
create or replace function net.http_delete(url text, params jsonb default '{}', headers jsonb default '{}',
        timeout_milliseconds integer default 5000)
returns bigint language sql security definer set search_path = '' as $$
    select pg_catalog.nextval('net.http_request_queue_id_seq')
$$;

-- The database webhooks of the dashboard are triggers on this function.
create or replace function supabase_functions.http_request() returns trigger language plpgsql as $$
begin
    return coalesce(new, old);
end
$$;

-- 9. Owners, RLS and grants, as the services leave them. --------------------------------------------------------------

do $$
declare
    entry record;
begin
    for entry in
        select c.oid::regclass as name, n.nspname as schema, c.relkind as kind,
               case n.nspname when 'auth' then 'supabase_auth_admin' when 'storage' then 'supabase_storage_admin'
                              when 'realtime' then 'supabase_realtime_admin' else 'supabase_admin' end as owner
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('auth', 'storage', 'realtime', 'vault', 'cron', 'net')
          and c.relkind in ('r', 'p', 'v') and not c.relispartition
    loop
        execute pg_catalog.format('alter table %s owner to %I', entry.name, entry.owner);
        -- RLS without a policy: closed to everybody but the owner and roles that bypass RLS. (cron guards by user.)
        if entry.schema in ('auth', 'storage', 'realtime') and entry.kind in ('r', 'p') then
            execute pg_catalog.format('alter table %s enable row level security', entry.name);
        end if;
    end loop;
    alter table realtime.messages_default owner to supabase_realtime_admin;

    for entry in
        select p.oid::regprocedure as name,
               case n.nspname when 'auth' then 'supabase_auth_admin' when 'storage' then 'supabase_storage_admin'
                              when 'realtime' then 'supabase_realtime_admin' else 'supabase_admin' end as owner
        from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('auth', 'storage', 'realtime', 'vault', 'cron', 'net', 'graphql_public', 'supabase_functions')
    loop
        execute pg_catalog.format('alter function %s owner to %I', entry.name, entry.owner);
    end loop;
end
$$;
alter type auth.aal_level owner to supabase_auth_admin;
alter type auth.factor_type owner to supabase_auth_admin;
alter type auth.factor_status owner to supabase_auth_admin;
alter type auth.one_time_token_type owner to supabase_auth_admin;
alter type auth.code_challenge_method owner to supabase_auth_admin;
alter type storage.buckettype owner to supabase_storage_admin;
alter sequence net.http_request_queue_id_seq owner to supabase_admin;

-- auth's tables belong to the service; the API's roles hold nothing on them, so a policy that reads auth.users fails.
grant all on all tables in schema auth to postgres, dashboard_user;
grant all on all functions in schema auth to postgres, dashboard_user;

grant all on storage.buckets, storage.objects to anon, authenticated, service_role;
grant all on storage.buckets, storage.objects to postgres with grant option;
grant select on storage.s3_multipart_uploads to anon, authenticated;
grant all on storage.s3_multipart_uploads to service_role;

grant select, insert, update on realtime.messages to anon, authenticated, service_role;
grant all on realtime.messages to postgres, dashboard_user;

grant select, delete on vault.secrets, vault.decrypted_secrets to service_role;
grant select, delete on vault.secrets, vault.decrypted_secrets to postgres with grant option;
revoke execute on all functions in schema vault from public;
grant execute on all functions in schema vault to postgres, service_role;
grant select on cron.job, cron.job_run_details to postgres;
revoke execute on all functions in schema cron from public;
grant execute on all functions in schema cron to postgres;

reset check_function_bodies;
reset client_min_messages;
