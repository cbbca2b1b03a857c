-- RPC functions the app calls.

-- Organisations of the caller, with the caller's role. Looks at nobody else.
create function public.my_organisations() returns table (org_id uuid, name text, role public.member_role)
language sql stable security definer set search_path = '' as $$
  select o.id, o.name, m.role
  from public.memberships m join public.organisations o on o.id = m.org_id
  where m.user_id = (select auth.uid())
$$;

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

-- Customer search in the studio's booking form.
create function public.search_customers(p_term text) returns table (id uuid, display_name text, email text)
language sql stable security definer set search_path = '' as $$
  select p.id, p.display_name, u.email::text
  from public.profiles p join auth.users u on u.id = p.id
  where u.email ilike '%' || p_term || '%' or p.display_name ilike '%' || p_term || '%'
  order by p.display_name
$$;

-- The profile page shows a user's bookings.
create function public.bookings_for_user(p_user_id uuid) returns setof public.bookings
language sql stable security definer set search_path = '' as $$
  select * from public.bookings where buyer_id = p_user_id order by starts_on desc
$$;

-- Accepting an invitation creates the membership.
create function public.accept_invitation(p_invitation_id uuid, p_user_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_invitation public.invitations;
begin
  select * into v_invitation from public.invitations where id = p_invitation_id and accepted_at is null;
  if not found then
    raise exception 'invitation not found or already used';
  end if;
  insert into public.memberships (org_id, user_id, role)
  values (v_invitation.org_id, p_user_id, v_invitation.role)
  on conflict (org_id, user_id) do update set role = excluded.role;
  update public.invitations set accepted_at = now() where id = p_invitation_id;
end;
$$;

-- Finance marks a payout as done once the bank has confirmed it.
create function public.mark_payout_paid(p_payout_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  update public.payouts set status = 'paid' where id = p_payout_id;
end;
$$;

-- Owners ask for their money.
create function public.request_payout(p_org_id uuid, p_amount_cents bigint) returns uuid
language plpgsql security definer as $$
declare
  v_payout uuid;
begin
  if not exists (
    select 1 from memberships
    where org_id = p_org_id and user_id = auth.uid() and role::text in ('owner', 'manager')
  ) then
    raise exception 'only owners and managers may request a payout' using errcode = '42501';
  end if;
  insert into payouts (org_id, amount_cents, iban, requested_by)
  values (p_org_id, p_amount_cents, 'GB00 TEST 0000 0000', auth.uid())
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

-- Support wants to see the app the way a customer sees it.
create function public.preview_as(p_user_id uuid) returns setof public.bookings
language plpgsql as $$
begin
  perform set_config('request.jwt.claims',
                     json_build_object('sub', p_user_id, 'role', 'authenticated')::text, true);
  return query select * from public.bookings;
end;
$$;

-- How does my studio compare? Feeds the benchmark chart.
create function public.org_benchmarks() returns table (org_id uuid, month date, bookings bigint, revenue_cents bigint)
language sql stable security definer set search_path = '' as $$
  select b.org_id, date_trunc('month', b.starts_on)::date, count(*), sum(b.total_cents)::bigint
  from public.bookings b
  group by 1, 2
$$;
revoke execute on function public.org_benchmarks() from public, anon;
grant execute on function public.org_benchmarks() to authenticated, service_role;

-- Export of page views for the owner's spreadsheet.
create function public.listing_view_report() returns setof public.listing_views
language sql stable as $$
  select v.* from public.listing_views v order by v.viewed_at desc
$$;
