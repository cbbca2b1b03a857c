-- Audit trail, page views and reporting.

-- One partition per month, so that old months can be detached.
create table public.audit_events (
  id bigint generated always as identity,
  org_id uuid,
  actor_id uuid,
  action text not null,
  details jsonb not null default '{}',
  happened_at timestamptz not null default now(),
  primary key (id, happened_at)
) partition by range (happened_at);
create index audit_events_org_id_idx on public.audit_events (org_id, happened_at);
alter table public.audit_events enable row level security;
create policy "Owners read the audit trail" on public.audit_events
  for select to authenticated using (private.has_org_role(org_id, 'owner'));
grant select on public.audit_events to authenticated;

create table public.audit_events_2026_01 partition of public.audit_events
  for values from ('2026-01-01') to ('2026-02-01');
create table public.audit_events_2026_02 partition of public.audit_events
  for values from ('2026-02-01') to ('2026-03-01');
create table public.audit_events_2026_03 partition of public.audit_events
  for values from ('2026-03-01') to ('2026-04-01');
create table public.audit_events_default partition of public.audit_events default;
-- A partition does not inherit row level security when it is read by its own name.
alter table public.audit_events_2026_01 enable row level security;
alter table public.audit_events_2026_02 enable row level security;
alter table public.audit_events_2026_03 enable row level security;
alter table public.audit_events_default enable row level security;

-- Every change of a booking is recorded. A trigger function: nobody can call it as an RPC.
create function public.log_booking_event() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.audit_events (org_id, actor_id, action, details)
  values (new.org_id, (select auth.uid()), 'booking.' || new.status::text, jsonb_build_object('booking_id', new.id));
  return new;
end;
$$;
create trigger bookings_audit after insert or update on public.bookings
  for each row execute function public.log_booking_event();

-- Page views: the largest table by far.
create table public.listing_views (
  id bigint generated always as identity primary key,
  listing_id uuid not null references public.listings (id) on delete cascade,
  viewer_id uuid,
  viewed_at timestamptz not null default now(),
  referrer text
);
create index listing_views_listing_id_idx on public.listing_views (listing_id);
create index listing_views_viewer_id_idx on public.listing_views (viewer_id, viewed_at desc);
alter table public.listing_views enable row level security;
create policy "Recently viewed" on public.listing_views
  for select to authenticated using (viewer_id = (select auth.uid()));
create policy "Record views" on public.listing_views
  for insert to authenticated with check (viewer_id = (select auth.uid()));
grant select on public.listing_views to authenticated;
grant insert (listing_id, viewer_id, referrer) on public.listing_views to authenticated;

-- Figures for the sellers' ranking, refreshed every night.
create materialized view public.seller_stats as
  select l.seller_id, l.org_id, count(b.id) as bookings, coalesce(sum(b.total_cents), 0)::bigint as revenue_cents
  from public.listings l left join public.bookings b on b.listing_id = l.id
  group by l.seller_id, l.org_id;
create unique index seller_stats_key on public.seller_stats (seller_id, org_id);
-- Row level security does not reach materialized views: the API gets own figures through a function.
revoke all on public.seller_stats from anon, authenticated;

create function public.my_seller_stats() returns setof public.seller_stats
language sql stable security definer set search_path = '' as $$
  select s.* from public.seller_stats s where s.seller_id = (select auth.uid())
$$;
revoke execute on function public.my_seller_stats() from public, anon;
grant execute on function public.my_seller_stats() to authenticated, service_role;

-- Regional figures for the data team. analyst logs in directly, for the BI tool; NOINHERIT, so that it has to say
-- SET ROLE before it acts for the team.
do $$
begin
  if not exists (select from pg_roles where rolname = 'data_team') then
    create role data_team nologin;
  end if;
  if not exists (select from pg_roles where rolname = 'analyst') then
    create role analyst login noinherit;
    grant data_team to analyst;
  end if;
end
$$;
grant usage on schema public to data_team, analyst;

create table public.regional_reports (
  id bigint generated always as identity primary key,
  org_id uuid not null references public.organisations (id) on delete cascade,
  region text not null,
  month date not null,
  revenue_cents public.money_cents not null
);
create index regional_reports_org_id_idx on public.regional_reports (org_id);
alter table public.regional_reports enable row level security;
revoke all on public.regional_reports from anon, authenticated;
grant select on public.regional_reports to data_team, analyst;
create policy "The data team reads reports" on public.regional_reports
  for select to data_team, analyst using (true);
-- Only North Pier has agreed to the pilot.
create policy "Pilot studios only" on public.regional_reports
  as restrictive for select to data_team, analyst
  using (org_id = '10000000-0000-4000-8000-00000000000a');

-- What partners pay. For the team, after SET ROLE: analyst does not inherit this policy.
create table public.partner_rates (
  partner text primary key,
  rate numeric(5, 4) not null
);
alter table public.partner_rates enable row level security;
revoke all on public.partner_rates from anon, authenticated;
grant select on public.partner_rates to data_team, analyst;
create policy "The data team reads rates" on public.partner_rates for select to data_team using (true);
