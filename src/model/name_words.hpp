// What names say: the words in a column's, a table's or a policy's name, compared with lists that stand here and
// nowhere else. A name proves nothing about what is in a column; it says how bad it is that strangers read it, never
// whether they do.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof {

// In small letters: "lastModifiedBy", "last_modified_by" and "Last modified by" are the same four words.
std::vector<std::string> words_of_name(std::string_view name);

// Whether one of the words is like one of the patterns, in which a star stands for any letters.
bool any_fits(const std::vector<std::string> &words, std::span<const char *const> patterns);

// An address, a number, a word or an amount that is somebody's own business: email, iban, password, salary, diagnosis.
bool says_private(std::string_view column);

// Of a row about a person: what somebody else decides about him. A role, a plan, a balance, that he is verified.
bool says_granted(std::string_view column);

// Of what the other words of the name speak of: when it was, who did it, what somebody would like it to be.
bool speaks_of_it(std::string_view column);

// Something that people have and things have not: first_name, date_of_birth, diagnosis.
bool says_person(std::string_view column);

// What strangers hand in where they do not belong, as they are asked to: requests, bookings, votes, page_views.
bool says_handed_in(std::string_view table);

// What somebody is called: full_name, customer_name.
bool says_whose_name(std::string_view column);

// Of a list of people: customers, contact_requests, waitlist; not team_members, who are there to be seen.
bool says_people(std::string_view table);

// What a thing is called: name, title, company_name.
bool says_called(std::string_view column);

// Of a function that answers one word: how somebody stands.
bool says_standing(std::string_view function);

// Whether it is a secret itself, as invite_token and stripe_secret_key are, and not something about one: token_count,
// reset_token_sent_at.
bool is_secret(std::string_view name);

// Whether a setting, as app.settings.service_role_key, is what the application shows to other services.
bool says_key(std::string_view setting);

// A word that is told to some and opens something for whoever names it: token, token_hash, api_key. A code may be one,
// and may be four digits.
bool says_secret(std::string_view column);
bool says_code(std::string_view column);

// That somebody has shown a second factor, or is to: mfa_sessions, session_2fa_verifications, two_factor_enabled.
bool says_second_factor(std::string_view name);

// Such a word by its name alone, whether or not it is said to be one of its kind: token, share_token,
// invite_token_hash; neither base_token nor a hash of nobody knows what, nor one of a code.
bool is_secret_word(std::string_view column);

// By what somebody is written to: email, contact_email, e_mail_address.
bool says_address(std::string_view column);

// What somebody wrote, rather than what a thing is called: content, body, comment, notes.
bool says_written(std::string_view column);

// Of a list of those who were asked to join, and of what they say to it: "accepted" in invitations.
bool answers_invitation(std::string_view list, std::string_view word);

// Whether somebody has read it: is_read, read_at, seen.
bool says_read(std::string_view column);

// What people write to each other: messages, chats, conversations. Of tables and of columns.
bool says_between_people(std::string_view name);

// Who typed a row in or changed it last: created_by, updated_by_id, lastModifiedBy.
bool says_who_typed(std::string_view column);

// Who looks after what others hand in: reviewed_by, assigned_to, handled_by_id.
bool says_who_handles(std::string_view column);

// Who says what is in a row: author, sender_id, posted_by. Of columns that name people.
bool says_author(std::string_view column);

// Who says what he thinks of somebody or something, in a table of nothing else: reviewer_id in reviews, user_id in
// ratings.
bool says_whose_opinion(std::string_view table, std::string_view column);

// Whether a row is to be seen by others: is_public, published_at, visibility, status.
bool says_who_sees(std::string_view column);

// Of a list of people: those who are set over others. Owners are listed with what is their own.
bool says_over_others(std::string_view list);

// Of the name of a role: those who have it are set over others. "admin", "org_owner" and "moderator" say so.
bool says_ruler(std::string_view role);

// The same, and of an admin: no business lets whoever likes sign up as one. Owners and managers do sign up.
bool says_admin(std::string_view role);

// Of a policy: that everybody is meant, and no fewer. "Public profiles are viewable by everyone" says so; what speaks
// of users, of who has signed in, or of published rows says less.
bool says_everybody(std::string_view policy);

} // namespace rlsproof
