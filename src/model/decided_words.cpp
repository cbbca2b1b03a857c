#include "model/decided_words.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "model/name_words.hpp"

namespace rlsproof {

namespace {

constexpr std::array kWaiting = {"pending",    "unpaid",     "draft",     "new",        "submitted", "waiting",
                                 "awaiting*",  "review",     "inactive",  "created",    "request",   "requested",
                                 "unverified", "unapproved", "initiated", "incomplete", "none",      "not",
                                 "placed",     "free",       "trial",     "processing"};
constexpr std::array kStanding = {"status", "state", "stage", "kyc", "approval", "verification"};
// Whoever is named so asks, and the other one gives.
constexpr std::array kAsks = {"user",     "buyer",     "customer",  "client",    "student",   "learner",
                              "member",   "guest",     "renter",    "patient",   "payer",     "attendee",
                              "rider",    "passenger", "traveler",  "booker",    "applicant", "subscriber",
                              "employee", "author",    "submitter", "requester", "initiator", "follower"};
// Who says yes to somebody, or no.
constexpr std::array kAsked = {"recipient", "receiver", "addressee", "target",
                               "following", "followee", "followed",  "friend"};
constexpr std::array kAsksSomebody = {"requester", "initiator", "follower", "user"};
constexpr std::array kGives = {"seller",  "provider",   "vendor",     "host",   "merchant", "landlord",
                               "teacher", "tutor",      "coach",      "doctor", "trainer",  "driver",
                               "agent",   "freelancer", "instructor", "owner",  "shop",     "store"};
constexpr std::array kLooksOver = {"approver", "reviewer", "verifier", "assigned", "assignee",  "moderator",
                                   "admin",    "handler",  "by",       "manager",  "supervisor"};
// Others whom a row is about, where it is somebody's book-keeping: his customers, and who writes to him.
constexpr std::array kAbout = {"customer", "client",   "payer",   "payee",    "tenant",   "debtor",  "lender",
                               "creditor", "borrower", "buyer",   "donor",    "guest",    "patient", "student",
                               "attendee", "member",   "biller",  "landlord", "supplier", "contact", "lead",
                               "author",   "reviewer", "visitor", "sender"};
constexpr std::array kHowMany = {"count", "number", "num", "note", "notes", "rating", "review", "secret"};
constexpr std::array kCollects = {"stripe*", "paypal*",   "razorpay*", "paystack*",    "flutterwave*",
                                  "mollie*", "paddle*",   "intent",    "checkout*",    "gateway",
                                  "mpesa*",  "shipping",  "delivery",  "mercadopago*", "lemonsqueezy*",
                                  "xendit*", "midtrans*", "cashfree*"};
constexpr std::array kBought = {"order",     "orders",    "booking*",    "reservation*", "enrol*",
                                "purchase*", "checkout*", "rental*",     "subscri*",     "registration*",
                                "ticket",    "tickets",   "membership*", "appointment*"};
constexpr std::array kPaidFor = {"order", "orders", "purchase*", "checkout*", "enrol*", "payout*"};
constexpr std::array kPaidOut = {"withdraw*", "payout*", "topup*", "recharge*", "cashout*", "redemption*"};
constexpr std::array kPaidIn = {"payment*", "deposit*", "refund*"};
constexpr std::array kOfPayments = {"method*",  "reminder*", "plan*", "schedule*", "log",      "logs",  "setting*",
                                    "account*", "link*",     "item",  "items",     "categor*", "notes", "template*"};
constexpr std::array kBooked = {"booking*", "reservation*", "appointment*"};
constexpr std::array kSubscribed = {"subscri*", "membership*"};
constexpr std::array kChecked = {"kyc", "bank", "identity", "verification*"};
constexpr std::array kPlans = {"plan", "planid", "tier"};
constexpr std::array kAboutMoney = {"payment", "paid", "refund", "refunded"};
constexpr std::array kMoneyMoved = {"paid", "ispaid", "refunded", "isrefunded"};
constexpr std::array kLookedOver = {"verified",   "isverified", "approved",   "isapproved",
                                    "accredited", "certified",  "kycverified"};
constexpr std::array kOrders = {"buyer", "customer", "client", "patient"};
constexpr std::array kPushed = {"featured",   "isfeatured", "sponsored", "issponsored", "promoted",
                                "ispromoted", "boosted",    "premium",   "ispremium"};
constexpr std::array kShare = {"commission"};
constexpr std::array kOffered = {"listing*",   "ad",          "ads",     "advert*", "job",      "jobs",
                                 "gig",        "gigs",        "car",     "cars",    "vehicle*", "property",
                                 "properties", "classified*", "product", "products"};
constexpr std::array kEarns = {"shop*",     "store*",      "vendor*",   "seller*", "partner*", "affiliate*", "agent*",
                               "merchant*", "restaurant*", "provider*", "driver*", "host*",    "instructor*"};

using Words = std::vector<std::string>;

bool any_column(const Thing &thing, std::span<const char *const> patterns) {
    return std::any_of(thing.columns.begin(), thing.columns.end(), [&](const std::string &column) {
        return column != thing.asker && any_fits(words_of_name(column), patterns);
    });
}

bool is_one_of(std::string_view word, std::initializer_list<const char *> list) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

bool about_others(const Thing &thing) {
    return std::any_of(thing.columns.begin(), thing.columns.end(), [&](const std::string &column) {
        const Words words = words_of_name(column);
        return column != thing.asker && any_fits(words, kAbout) && !any_fits(words, kHowMany);
    });
}

// That money has come in, or gone out: not of what somebody notes down about his own bills and customers.
bool is_payment(const Thing &thing, const Words &table, const Words &column, std::string_view word) {
    const bool collected = any_column(thing, kCollects);
    if (any_fits(table, kOfPayments) || any_fits(words_of_name(thing.asker), kGives)) return false;
    if (any_fits(table, kSubscribed) || (about_others(thing) && !collected)) return false;
    if (word == "true") return (thing.of_two || any_fits(table, kBought)) && any_fits(column, kMoneyMoved);
    const bool done = is_one_of(word, {"paid", "refunded", "captured", "settled"});
    const bool through = done || is_one_of(word, {"completed", "complete", "success", "successful", "succeeded",
                                                  "processed", "confirmed", "approved", "verified"});
    if (any_fits(column, kAboutMoney) && (thing.of_two || any_fits(table, kBought))) return through;
    if (any_fits(table, kBought)) return done;
    if (any_fits(table, kPaidOut)) return through;
    return any_fits(table, kPaidIn) && through && (collected || thing.others_look);
}

// That somebody has looked it over.
bool is_approval(const Thing &thing, const Words &table, const Words &column, std::string_view word) {
    const bool checked = any_fits(table, kChecked) || any_fits(column, kChecked);
    if (!checked && (!thing.others_look || about_others(thing))) return false;
    if (any_fits(words_of_name(thing.asker), kOrders)) return false; // whoever orders approves what he gets
    return word == "true" ? any_fits(column, kLookedOver) : any_fits({std::string(word)}, kLookedOver);
}

bool is_confirmation(const Thing &thing, const Words &table, std::string_view word) {
    return any_fits(table, kBooked) && (thing.others_look || thing.of_others) && !about_others(thing) &&
           !any_fits(words_of_name(thing.asker), kGives) && is_one_of(word, {"confirmed", "approved", "accepted"});
}

// Subscriptions that somebody keeps a list of have a name and a price, and no plan of ours.
bool is_subscription(const Thing &thing, const Words &table, std::string_view word) {
    return any_fits(table, kSubscribed) && (any_column(thing, kPlans) || any_column(thing, kCollects)) &&
           !about_others(thing) && is_one_of(word, {"active", "trialing", "premium", "pro", "paid"});
}

// That the other one wants to have to do with it: a connection, a friendship, whom one may follow.
bool is_answer(const Thing &thing, std::string_view word) {
    return thing.of_two && any_fits(words_of_name(thing.asker), kAsksSomebody) &&
           (any_column(thing, kAsked) || any_column(thing, kGives)) &&
           is_one_of(word, {"accepted", "approved", "confirmed", "connected", "friends"});
}

bool is_promotion(const Thing &thing, const Words &table, const Words &column, std::string_view word) {
    return word == "true" && thing.others_look && any_fits(table, kOffered) && any_fits(column, kPushed);
}

} // namespace

bool says_waiting(std::string_view word) {
    return any_fits(words_of_name(word), kWaiting);
}

Askers who_asks(const std::vector<std::string> &people) {
    std::vector<std::string> left;
    for (const std::string &one : people)
        if (!any_fits(words_of_name(one), kLooksOver) || says_who_typed(one)) left.push_back(one);
    Askers result{std::nullopt, left.size() > 1};
    if (result.of_two) std::erase_if(left, [](const auto &one) { return !any_fits(words_of_name(one), kAsks); });
    if (left.size() == 1) result.asker = left.front();
    return result;
}

bool decided_by_others(const Thing &thing, std::string_view column, std::string_view word) {
    const Words table = words_of_name(thing.table), of = words_of_name(column);
    if (speaks_of_it(column)) return false;
    if (word != "true" && !any_fits(of, kStanding)) return false;
    return is_payment(thing, table, of, word) || is_approval(thing, table, of, word) ||
           (word != "true" && is_confirmation(thing, table, word)) ||
           (word != "true" && (is_subscription(thing, table, word) || is_answer(thing, word))) ||
           is_promotion(thing, table, of, word);
}

bool set_by_others(const Thing &thing, std::string_view column) {
    return any_fits(words_of_name(column), kShare) && !speaks_of_it(column) &&
           any_fits(words_of_name(thing.table), kEarns);
}

std::vector<std::string> words_of_decisions() {
    return {"paid", "confirmed", "approved", "verified", "active"};
}

bool says_itself(const Thing &thing, std::string_view column, std::string_view word) {
    const Words table = words_of_name(thing.table);
    if (word == "paid") return any_fits(words_of_name(column), kAboutMoney) || any_fits(table, kPaidFor);
    return !any_fits({std::string(word)}, kLookedOver);
}

} // namespace rlsproof
