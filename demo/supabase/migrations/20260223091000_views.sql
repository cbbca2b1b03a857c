-- Views for the app's screens.

-- The card grid of the landing page: published listings only, with the caller's rights.
create view public.listing_cards with (security_invoker = true) as
  select l.id, l.title, l.price_cents, c.title as category
  from public.listings l left join public.categories c on c.id = l.category_id
  where l.status = 'published';

-- Version banner. No table behind it.
create view public.app_release as
  select '2026.3'::text as version, date '2026-03-02' as released_on;

-- Names and pictures of other people. Profiles themselves are only readable by their owner.
create view public.public_profiles as
  select id, display_name, avatar_url, bio from public.profiles;

-- One line per booking for the studio's calendar.
create view public.booking_overview as
  select b.id, b.org_id, b.starts_on, b.ends_on, b.status, b.total_cents, b.guest_note,
         l.title as listing, p.display_name as buyer
  from public.bookings b
  join public.listings l on l.id = b.listing_id
  left join public.profiles p on p.id = b.buyer_id;

-- Totals behind the dashboard live outside the API schema.
create schema if not exists reporting;
create view reporting.booking_totals as
  select b.org_id, count(*) as bookings, sum(b.total_cents)::bigint as revenue_cents, max(b.created_at) as last_booking_at
  from public.bookings b
  where b.status <> 'cancelled'
  group by b.org_id;
grant select on reporting.booking_totals to authenticated; -- "permission denied for view booking_totals"

create view public.org_dashboard with (security_invoker = true) as
  select t.org_id, t.bookings, t.revenue_cents, t.last_booking_at
  from reporting.booking_totals t;
