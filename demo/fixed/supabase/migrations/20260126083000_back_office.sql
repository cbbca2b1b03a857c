-- Invitations, notes, support and moderation.

create table public.invitations (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organisations (id) on delete cascade,
  email extensions.citext not null,
  role public.member_role not null default 'agent',
  invited_by uuid not null references public.profiles (id) on delete cascade,
  accepted_at timestamptz,
  created_at timestamptz not null default now()
);
create index invitations_org_id_idx on public.invitations (org_id);
create index invitations_invited_by_idx on public.invitations (invited_by);
alter table public.invitations enable row level security;
create policy "Owners see invitations" on public.invitations
  for select to authenticated using (private.has_org_role(org_id, 'owner'));
create policy "Owners invite colleagues" on public.invitations
  for insert to authenticated
  with check (invited_by = (select auth.uid()) and private.has_org_role(org_id, 'owner'));
grant select, insert on public.invitations to authenticated;

-- Notes of a studio about its buyers and bookings. Never for the buyer.
create table public.internal_notes (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organisations (id) on delete cascade,
  author_id uuid references public.profiles (id) on delete set null,
  about_user uuid references public.profiles (id) on delete cascade,
  body text not null,
  created_at timestamptz not null default now()
);
create index internal_notes_org_id_idx on public.internal_notes (org_id);
alter table public.internal_notes enable row level security;
create policy "Studios read their notes" on public.internal_notes
  for select to authenticated using (public.is_org_member(org_id));
create policy "Studios write notes" on public.internal_notes
  for insert to authenticated with check (public.is_org_member(org_id) and author_id = (select auth.uid()));
create policy "Staff reads all notes" on public.internal_notes
  for select to authenticated using ((select private.is_platform_admin()));
grant select, insert on public.internal_notes to authenticated;

create table public.support_tickets (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.profiles (id) on delete cascade,
  subject text not null,
  body text not null,
  contact_email extensions.citext not null,
  created_at timestamptz not null default now()
);
create index support_tickets_user_id_idx on public.support_tickets (user_id);
alter table public.support_tickets enable row level security;
create policy "Own tickets, and staff" on public.support_tickets
  for select to authenticated using (user_id = (select auth.uid()) or (select private.is_platform_admin()));
create policy "Users open tickets" on public.support_tickets
  for insert to authenticated with check (user_id = (select auth.uid()));
grant select, insert on public.support_tickets to authenticated;

-- Reported content. Moderators are marked in their account's metadata.
create table public.moderation_reports (
  id uuid primary key default gen_random_uuid(),
  listing_id uuid references public.listings (id) on delete cascade,
  reporter_id uuid not null references public.profiles (id) on delete cascade,
  reason text not null,
  created_at timestamptz not null default now()
);
create index moderation_reports_reporter_id_idx on public.moderation_reports (reporter_id);
alter table public.moderation_reports enable row level security;
create policy "Moderators read reports" on public.moderation_reports
  for select to authenticated using ((select auth.jwt() -> 'app_metadata' ->> 'role') = 'moderator');
create policy "Users report content" on public.moderation_reports
  for insert to authenticated with check (reporter_id = (select auth.uid()));
grant select, insert on public.moderation_reports to authenticated;

-- app_metadata can only be written by the server, so this claim can be relied on.
create table public.fraud_signals (
  id bigint generated always as identity primary key,
  user_id uuid not null references public.profiles (id) on delete cascade,
  score numeric(4, 3) not null,
  reason text not null
);
alter table public.fraud_signals enable row level security;
create policy "Moderators read fraud signals" on public.fraud_signals
  for select to authenticated using ((select auth.jwt() -> 'app_metadata' ->> 'role') = 'moderator');
grant select on public.fraud_signals to authenticated;

create table public.feature_flags (
  key text primary key,
  enabled boolean not null default false,
  audience text not null default 'staff'
);
alter table public.feature_flags enable row level security;
create policy "Staff sees flags, everybody those for everyone" on public.feature_flags
  for select to authenticated using (audience = 'everyone' or (select private.is_platform_admin()));
grant select on public.feature_flags to authenticated;

-- The organisation the app works in right now: put into the token by the auth hook.
create function public.current_org_id() returns uuid
language sql stable as $$
  select nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'app_metadata' ->> 'org_id', '')::uuid
$$;
grant execute on function public.current_org_id() to authenticated, service_role;

create table public.org_settings (
  org_id uuid primary key references public.organisations (id) on delete cascade,
  timezone text not null default 'Europe/London',
  vat_number text,
  invoice_footer text
);
alter table public.org_settings enable row level security;
create policy "Settings of the current organisation" on public.org_settings
  for select to authenticated using (org_id = (select public.current_org_id()));
grant select on public.org_settings to authenticated;

-- Everybody may read announcements, within the tenant floor.
create table public.org_announcements (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organisations (id) on delete cascade,
  body text not null,
  created_at timestamptz not null default now()
);
create index org_announcements_org_id_idx on public.org_announcements (org_id);
alter table public.org_announcements enable row level security;
create policy "Tenant floor" on public.org_announcements
  as restrictive for all to public using (public.is_org_member(org_id));
create policy "Announcements are for everyone" on public.org_announcements
  for select to authenticated using (true);
grant select on public.org_announcements to authenticated;

-- Locks of background jobs. No RLS, and no rights for the API.
create table public.job_locks (
  name text primary key,
  locked_by text,
  locked_at timestamptz
);
revoke all on public.job_locks from anon, authenticated;
