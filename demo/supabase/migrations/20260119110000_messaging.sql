-- Conversations between a buyer and a studio.

create table public.conversations (
  id uuid primary key default gen_random_uuid(),
  listing_id uuid references public.listings (id) on delete set null,
  org_id uuid not null references public.organisations (id) on delete cascade,
  buyer_id uuid not null references public.profiles (id) on delete cascade,
  created_at timestamptz not null default now()
);
create index conversations_buyer_id_idx on public.conversations (buyer_id);
create index conversations_org_id_idx on public.conversations (org_id);
alter table public.conversations enable row level security;
create policy "Parties see the conversation" on public.conversations
  for select to authenticated using (buyer_id = (select auth.uid()) or public.is_org_member(org_id));
create policy "Buyers start conversations" on public.conversations
  for insert to authenticated with check (buyer_id = (select auth.uid()));

-- Who has joined, for read receipts.
create table public.conversation_participants (
  conversation_id uuid not null references public.conversations (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  last_read_at timestamptz,
  primary key (conversation_id, user_id)
);
alter table public.conversation_participants enable row level security;
create policy "Participants see each other" on public.conversation_participants
  for select to authenticated
  using (
    conversation_id in (
      select cp.conversation_id from public.conversation_participants cp where cp.user_id = auth.uid()
    )
  );

-- Studios can block a buyer.
create table public.blocks (
  org_id uuid not null references public.organisations (id) on delete cascade,
  blocked uuid not null references public.profiles (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (org_id, blocked)
);
alter table public.blocks enable row level security;
create policy "Studios manage blocks" on public.blocks
  for all to authenticated using (public.is_org_member(org_id) and blocked <> (select auth.uid()));
-- Clearer name; the policy follows the column.
alter table public.blocks rename column blocked to blocked_id;

-- Blocks are not visible to the blocked, so this looks them up with the owner's rights.
create function private.blocked_in(p_conversation_id uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select 1 from public.conversations c join public.blocks b on b.org_id = c.org_id
    where c.id = p_conversation_id and b.blocked_id = (select auth.uid())
  )
$$;

create table public.messages (
  id uuid primary key default gen_random_uuid(),
  conversation_id uuid not null references public.conversations (id) on delete cascade,
  sender_id uuid not null references public.profiles (id) on delete cascade,
  body text not null,
  created_at timestamptz not null default now()
);
create index messages_conversation_id_idx on public.messages (conversation_id);
create index messages_sender_id_idx on public.messages (sender_id);
alter table public.messages enable row level security;
-- The sub-select is filtered by the policies of conversations.
create policy "Parties read messages" on public.messages
  for select to authenticated
  using (exists (select 1 from public.conversations c where c.id = messages.conversation_id));
create policy "Parties send messages" on public.messages
  for insert to authenticated
  with check (
    sender_id = (select auth.uid())
    and exists (select 1 from public.conversations c where c.id = messages.conversation_id)
  );
create policy "Blocked users cannot send messages" on public.messages
  for insert to authenticated with check (not private.blocked_in(conversation_id));

-- Text blocks for answers. Templates without an organisation come with Kiteloft and are for everyone who is signed in.
create table public.message_templates (
  id uuid primary key default gen_random_uuid(),
  org_id uuid references public.organisations (id) on delete cascade,
  title text not null,
  body text not null
);
create index message_templates_org_id_idx on public.message_templates (org_id);
alter table public.message_templates enable row level security;
create policy "Shared and own templates" on public.message_templates
  for select to authenticated using (org_id is null or public.is_org_member(org_id));
create policy "Members write templates" on public.message_templates
  for insert to authenticated with check (public.is_org_member(org_id));

create table public.notification_settings (
  user_id uuid primary key references public.profiles (id) on delete cascade,
  email_bookings boolean not null default true,
  email_marketing boolean not null default false
);
alter table public.notification_settings enable row level security;
create policy "Users create their settings" on public.notification_settings
  for insert to authenticated with check (user_id = (select auth.uid()));
create policy "Users change their settings" on public.notification_settings
  for update to authenticated using (user_id = (select auth.uid()));
