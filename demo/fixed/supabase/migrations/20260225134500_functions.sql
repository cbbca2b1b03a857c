-- RPC functions the app calls.

-- Organisations of the caller, with the caller's role. Looks at nobody else.
create function public.my_organisations() returns table (org_id uuid, name text, role public.member_role)
language sql stable security definer set search_path = '' as $$
  select o.id, o.name, m.role
  from public.memberships m join public.organisations o on o.id = m.org_id
  where m.user_id = (select auth.uid())
$$;
grant execute on function public.my_organisations() to authenticated, service_role;

-- A new studio belongs to whoever creates it.
create function public.create_organisation(p_name text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user uuid := (select auth.uid());
  v_org uuid;
begin
  if v_user is null then
    raise exception 'sign in first' using errcode = '42501';
  end if;
  insert into public.organisations (name, slug) values (p_name, public.slugify(p_name)) returning id into v_org;
  insert into public.memberships (org_id, user_id, role) values (v_org, v_user, 'owner');
  return v_org;
end;
$$;
grant execute on function public.create_organisation(text) to authenticated, service_role;

-- Customer search in the studio's booking form.
create function public.search_customers(p_term text) returns table (id uuid, display_name text, email text)
language sql stable security definer set search_path = '' as $$
  select p.id, p.display_name, u.email::text
  from public.profiles p join auth.users u on u.id = p.id
  where (u.email ilike '%' || p_term || '%' or p.display_name ilike '%' || p_term || '%')
    -- only people who have booked with a studio of the caller
    and exists (
      select 1 from public.bookings b
      where b.buyer_id = p.id and b.org_id in (select private.my_org_ids())
    )
  order by p.display_name
  limit 20
$$;
grant execute on function public.search_customers(text) to authenticated, service_role;

-- The profile page shows a user's bookings.
create function public.my_bookings() returns setof public.bookings
language sql stable as $$
  select * from public.bookings where buyer_id = (select auth.uid()) order by starts_on desc
$$;
grant execute on function public.my_bookings() to authenticated, service_role;

-- Accepting an invitation creates the membership.
create function public.accept_invitation(p_invitation_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_invitation public.invitations;
begin
  -- the invited address must be the caller's own, confirmed one
  select i.* into v_invitation
  from public.invitations i join auth.users u on u.email = i.email::text
  where i.id = p_invitation_id and i.accepted_at is null
    and u.id = (select auth.uid()) and u.email_confirmed_at is not null;
  if not found then
    raise exception 'invitation not found or already used' using errcode = '42501';
  end if;
  insert into public.memberships (org_id, user_id, role)
  values (v_invitation.org_id, (select auth.uid()), v_invitation.role)
  on conflict (org_id, user_id) do nothing;
  update public.invitations set accepted_at = now() where id = p_invitation_id;
end;
$$;
grant execute on function public.accept_invitation(uuid) to authenticated, service_role;

-- Finance marks a payout as done once the bank has confirmed it.
create function public.mark_payout_paid(p_payout_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if not private.is_platform_admin() then
    raise exception 'only for finance' using errcode = '42501';
  end if;
  update public.payouts set status = 'paid' where id = p_payout_id;
end;
$$;
grant execute on function public.mark_payout_paid(uuid) to authenticated, service_role;

-- Owners ask for their money.
create function public.request_payout(p_org_id uuid, p_amount_cents bigint) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_payout uuid;
begin
  if not exists (
    select 1 from public.memberships
    where org_id = p_org_id and user_id = (select auth.uid()) and role in ('owner', 'manager')
  ) then
    raise exception 'only owners and managers may request a payout' using errcode = '42501';
  end if;
  insert into public.payouts (org_id, amount_cents, iban, requested_by)
  values (p_org_id, p_amount_cents, 'GB00 TEST 0000 0000', (select auth.uid()))
  returning id into v_payout;
  return v_payout;
end;
$$;
revoke execute on function public.request_payout(uuid, bigint) from public, anon;
grant execute on function public.request_payout(uuid, bigint) to authenticated, service_role;

-- Refunds are made by the server only.
create function public.refund_booking(p_booking_id uuid, p_amount_cents bigint) returns uuid
language sql security definer set search_path = '' as $$
  insert into public.refunds (booking_id, user_id, amount_cents)
  select b.id, b.buyer_id, p_amount_cents from public.bookings b where b.id = p_booking_id
  returning id
$$;
revoke execute on function public.refund_booking(uuid, bigint) from public, anon, authenticated;
grant execute on function public.refund_booking(uuid, bigint) to service_role;

-- How does my studio compare? Feeds the benchmark chart.
create function public.org_benchmarks() returns table (org_id uuid, month date, bookings bigint, revenue_cents bigint)
language sql stable security definer set search_path = '' as $$
  select b.org_id, date_trunc('month', b.starts_on)::date, count(*), sum(b.total_cents)::bigint
  from public.bookings b
  where b.org_id = (
    select m.org_id from public.memberships m where m.user_id = (select auth.uid()) order by m.created_at, m.org_id limit 1
  )
  group by 1, 2
$$;
revoke execute on function public.org_benchmarks() from public, anon;
grant execute on function public.org_benchmarks() to authenticated, service_role;

-- Export of page views for the owner's spreadsheet.
create function public.listing_view_report(p_listing_id uuid, p_limit integer default 100)
returns setof public.listing_views
language sql stable as $$
  select v.* from public.listing_views v
  where v.listing_id = p_listing_id
  order by v.viewed_at desc
  limit least(p_limit, 500)
$$;
grant execute on function public.listing_view_report(uuid, integer) to authenticated, service_role;
