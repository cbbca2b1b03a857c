-- Views for the app's screens.

-- The card grid of the landing page: published listings only, with the caller's rights.
create view public.listing_cards with (security_invoker = true) as
  select l.id, l.title, l.price_cents, c.title as category
  from public.listings l left join public.categories c on c.id = l.category_id
  where l.status = 'published';
grant select on public.listing_cards to anon, authenticated;

-- Version banner. No table behind it.
create view public.app_release as
  select '2026.3'::text as version, date '2026-03-02' as released_on;
grant select on public.app_release to anon, authenticated;

-- Names and pictures of other people. Profiles themselves are only readable by their owner.
create view public.public_profiles with (security_invoker = true) as
  select id, display_name, avatar_url, bio from public.profiles;
grant select on public.public_profiles to anon, authenticated;

-- One line per booking for the studio's calendar.
create view public.booking_overview with (security_invoker = true) as
  select b.id, b.org_id, b.starts_on, b.ends_on, b.status, b.total_cents, b.guest_note,
         l.title as listing, p.display_name as buyer
  from public.bookings b
  join public.listings l on l.id = b.listing_id
  left join public.profiles p on p.id = b.buyer_id;
grant select on public.booking_overview to authenticated;

-- Totals behind the dashboard live outside the API schema.
create schema if not exists reporting;
create view reporting.booking_totals with (security_invoker = true) as
  select b.org_id, count(*) as bookings, sum(b.total_cents)::bigint as revenue_cents, max(b.created_at) as last_booking_at
  from public.bookings b
  where b.status <> 'cancelled'
    and public.is_org_member(b.org_id) -- not a buyer's own bookings, which the policies let through as well
  group by b.org_id;
grant select on reporting.booking_totals to authenticated;

create view public.org_dashboard with (security_invoker = true) as
  select t.org_id, t.bookings, t.revenue_cents, t.last_booking_at
  from reporting.booking_totals t;
grant select on public.org_dashboard to authenticated;
