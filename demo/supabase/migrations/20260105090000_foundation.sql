-- Kiteloft: studios rent out rooms and equipment by the day.
-- Foundation: types, profiles, organisations and memberships.

create extension if not exists citext with schema extensions;

-- Helpers that must not show up in the API live here.
create schema if not exists private;
grant usage on schema private to anon, authenticated, service_role;

create type public.app_role as enum ('user', 'moderator', 'admin');
create type public.member_role as enum ('owner', 'manager', 'agent', 'viewer');
create domain public.money_cents as bigint check (value >= 0);
create domain public.star_rating as smallint check (value between 1 and 5);
create domain public.slug as text check (value ~ '^[a-z0-9]+(-[a-z0-9]+)*$');

-- Keeps updated_at current. Plain trigger: runs with the rights of whoever writes the row.
create function public.touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end;
$$;

create function public.slugify(value text) returns text language sql immutable as $$
  select trim(both '-' from regexp_replace(lower(value), '[^a-z0-9]+', '-', 'g'))
$$;

-- Profiles: one row per auth user -------------------------------------------------------------

create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  display_name text not null default '',
  avatar_url text,
  bio text,
  role public.app_role not null default 'user',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
alter table public.profiles enable row level security;
create trigger profiles_touch before update on public.profiles
  for each row execute function public.touch_updated_at();

create policy "Users can view own profile" on public.profiles
  for select to authenticated using ((select auth.uid()) = id);
create policy "Users can update own profile" on public.profiles
  for update to authenticated using ((select auth.uid()) = id);

-- Phone and address are kept apart from the profile, so that the profile can be shown to others.
create table public.profile_contacts (
  user_id uuid primary key references public.profiles (id) on delete cascade,
  phone text,
  address jsonb not null default '{}',
  updated_at timestamptz not null default now()
);
alter table public.profile_contacts enable row level security;
create policy "Own contact details" on public.profile_contacts
  for all to authenticated using ((select auth.uid()) = user_id);

-- Organisations (tenants) ---------------------------------------------------------------------

create table public.organisations (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug public.slug not null unique,
  plan text not null default 'free' check (plan in ('free', 'pro', 'enterprise')),
  created_at timestamptz not null default now()
);
alter table public.organisations enable row level security;

create table public.memberships (
  org_id uuid not null references public.organisations (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  role public.member_role not null default 'viewer',
  created_at timestamptz not null default now(),
  primary key (org_id, user_id)
);
create index memberships_user_id_idx on public.memberships (user_id);
alter table public.memberships enable row level security;

-- Is the caller a member? Answers about the caller only. Definer, so that policies on memberships can use it.
create function public.is_org_member(p_org_id uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select 1 from public.memberships m
    where m.org_id = p_org_id and m.user_id = (select auth.uid())
  )
$$;

create function private.has_org_role(p_org_id uuid, variadic p_roles public.member_role[]) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select 1 from public.memberships m
    where m.org_id = p_org_id and m.user_id = (select auth.uid()) and m.role = any (p_roles)
  )
$$;

create function private.my_org_ids() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select m.org_id from public.memberships m where m.user_id = (select auth.uid())
$$;

-- Most users belong to exactly one organisation.
create function private.my_org_id() returns uuid
language sql stable security definer set search_path = '' as $$
  select m.org_id from public.memberships m where m.user_id = (select auth.uid()) order by m.created_at limit 1
$$;

-- Kiteloft staff.
create function private.is_platform_admin() returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select 1 from public.profiles p where p.id = (select auth.uid()) and p.role = 'admin'
  )
$$;

create policy "Members can view their organisation" on public.organisations
  for select to authenticated using (public.is_org_member(id));

-- Users manage their own memberships (join, leave), and see who else is in the team.
create policy "Users manage own memberships" on public.memberships
  for all to authenticated using (user_id = (select auth.uid()));
create policy "Members can view their team" on public.memberships
  for select to authenticated using (public.is_org_member(org_id));

-- A profile for every new account -------------------------------------------------------------

create function public.handle_new_user() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.profiles (id, display_name, avatar_url, role)
  values (
    new.id,
    coalesce(new.raw_user_meta_data ->> 'full_name', ''),
    new.raw_user_meta_data ->> 'avatar_url',
    coalesce(new.raw_user_meta_data ->> 'role', 'user')::public.app_role
  );
  return new;
end;
$$;
create trigger on_auth_user_created after insert on auth.users
  for each row execute function public.handle_new_user();
