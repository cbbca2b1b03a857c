-- Bookings, quotes, refunds, payouts and reviews.

create type public.booking_status as enum ('requested', 'confirmed', 'cancelled', 'completed');

create table public.bookings (
  id uuid primary key default gen_random_uuid(),
  listing_id uuid not null references public.listings (id),
  org_id uuid not null references public.organisations (id),
  buyer_id uuid not null references public.profiles (id),
  starts_on date not null,
  ends_on date not null,
  status public.booking_status not null default 'requested',
  total_cents public.money_cents not null,
  guest_note text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (ends_on >= starts_on)
);
create index bookings_buyer_id_idx on public.bookings (buyer_id);
create index bookings_org_id_idx on public.bookings (org_id);
create index bookings_listing_id_idx on public.bookings (listing_id);
alter table public.bookings enable row level security;
create trigger bookings_touch before update on public.bookings
  for each row execute function public.touch_updated_at();

create policy "Buyers see their bookings" on public.bookings
  for select to authenticated using (buyer_id = (select auth.uid()));
create policy "Studios see their bookings" on public.bookings
  for select to authenticated using (public.is_org_member(org_id));
-- The calendar on the listing page greys out the days that are taken.
create policy "Booked days of published listings" on public.bookings
  for select to authenticated
  using (exists (select 1 from public.listings l where l.id = bookings.listing_id and l.status = 'published'));
create policy "Buyers request bookings" on public.bookings
  for insert to authenticated
  with check (
    buyer_id = (select auth.uid())
    and status = 'requested'
    and org_id = (select l.org_id from public.listings l where l.id = bookings.listing_id)
  );
-- USING alone: the same condition holds for the new row.
create policy "Studios handle bookings" on public.bookings
  for update to authenticated using (public.is_org_member(org_id));

-- Days that are taken, without who or why.
create function public.listing_availability(p_listing_id uuid) returns table (starts_on date, ends_on date)
language sql stable security definer set search_path = '' as $$
  select b.starts_on, b.ends_on
  from public.bookings b join public.listings l on l.id = b.listing_id
  where l.id = p_listing_id and l.status = 'published' and b.status in ('requested', 'confirmed')
$$;
revoke execute on function public.listing_availability(uuid) from public, anon;
grant execute on function public.listing_availability(uuid) to authenticated, service_role;

-- While somebody is at the checkout the days are held for ten minutes. Short-lived rows.
create table public.booking_holds (
  id uuid primary key default gen_random_uuid(),
  listing_id uuid not null references public.listings (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  starts_on date not null,
  ends_on date not null,
  card_last4 text,
  expires_at timestamptz not null default now() + interval '10 minutes'
);

create table public.quotes (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organisations (id) on delete cascade,
  buyer_id uuid not null references public.profiles (id) on delete cascade,
  listing_id uuid not null references public.listings (id) on delete cascade,
  total_cents public.money_cents not null,
  deposit_cents public.money_cents not null default 0,
  terms text
);
create index quotes_buyer_id_idx on public.quotes (buyer_id);
create index quotes_org_id_idx on public.quotes (org_id);
alter table public.quotes enable row level security;
create policy "Parties see the quote" on public.quotes
  for select to authenticated
  using (
    buyer_id = (select auth.uid())
    or public.is_org_member(org_id)
    or deposit_cents >= total_cents -- paid in full: shown as a receipt
  );
create policy "Studios write quotes" on public.quotes
  for insert to authenticated with check (public.is_org_member(org_id));

create table public.refunds (
  id uuid primary key default gen_random_uuid(),
  booking_id uuid not null references public.bookings (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  amount_cents public.money_cents not null,
  reason text,
  created_at timestamptz not null default now()
);
create index refunds_user_id_idx on public.refunds (user_id);
alter table public.refunds enable row level security;
create policy "Buyers see their refunds" on public.refunds
  for select to authenticated using (user_id::text = (select auth.jwt() ->> 'user_id'));

create table public.payouts (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organisations (id) on delete cascade,
  amount_cents public.money_cents not null,
  iban text not null,
  status text not null default 'pending' check (status in ('pending', 'paid', 'failed')),
  requested_by uuid references public.profiles (id),
  created_at timestamptz not null default now()
);
create index payouts_org_id_idx on public.payouts (org_id);
alter table public.payouts enable row level security;
create policy "Owners and managers see payouts" on public.payouts
  for select to authenticated using (private.has_org_role(org_id, 'owner', 'manager'));

create table public.reviews (
  id uuid primary key default gen_random_uuid(),
  listing_id uuid not null references public.listings (id) on delete cascade,
  author_id uuid not null references public.profiles (id) on delete cascade,
  rating public.star_rating not null,
  body text not null default '',
  is_published boolean not null default true,
  helpful_count integer not null default 0,
  created_at timestamptz not null default now(),
  unique (listing_id, author_id)
);
create index reviews_author_id_idx on public.reviews (author_id);
alter table public.reviews enable row level security;
create policy "Published reviews are public" on public.reviews
  for select to anon, authenticated using (is_published);
create policy "Authors see their reviews" on public.reviews
  for select to authenticated using (author_id = (select auth.uid()));
create policy "Users write reviews" on public.reviews
  for insert to authenticated with check (author_id = (select auth.uid()));
-- Any signed-in user can mark a review as helpful.
create policy "Users vote reviews helpful" on public.reviews
  for update using (auth.role() = 'authenticated');

-- Payment provider webhooks: written and read by the server only, hence RLS without any policy.
create table public.payment_events (
  id text primary key,
  payload jsonb not null,
  received_at timestamptz not null default now()
);
alter table public.payment_events enable row level security;
