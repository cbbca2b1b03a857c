#include "server/name_parts.hpp"

#include "server/nodes.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

bool is_call(Node *node, const char *name) {
    if (node == nullptr || !IsA(node, FuncExpr)) return false;
    const char *called = get_func_name(castNode(FuncExpr, node)->funcid);
    return called != nullptr && strcmp(called, name) == 0;
}

Node *argument(Node *call, int number) {
    List *arguments = castNode(FuncExpr, call)->args;
    return number < list_length(arguments) ? without_casts((Node *)list_nth(arguments, number)) : nullptr;
}

bool is_text(Node *node, const char *letters) {
    return node != nullptr && IsA(node, Const) && castNode(Const, node)->consttype == TEXTOID &&
           !castNode(Const, node)->constisnull &&
           strcmp(TextDatumGetCString(castNode(Const, node)->constvalue), letters) == 0;
}

int number_in(Node *node) {
    const bool known = node != nullptr && IsA(node, Const) && castNode(Const, node)->consttype == INT4OID &&
                       !castNode(Const, node)->constisnull;
    return known ? DatumGetInt32(castNode(Const, node)->constvalue) : 0;
}

Node *column_in(Node *node) {
    node = without_spelling(node);
    return node != nullptr && IsA(node, Var) ? node : nullptr;
}

// A text that reads as the type; nothing where none is known, or any text does.
std::string text_as(Oid type) {
    if (type == UUIDOID) return "5ca1ab1e-0000-4000-8fff-000000000001";
    switch (TypeCategory(type)) {
    case TYPCATEGORY_NUMERIC: return "7";
    case TYPCATEGORY_BOOLEAN: return "true";
    case TYPCATEGORY_DATETIME: return type == TIMEOID || type == TIMETZOID ? "12:00" : "2000-01-01";
    default: return "";
    }
}

} // namespace

Node *without_spelling(Node *node) {
    for (node = without_casts(node);; node = argument(node, 0)) {
        bool spelled = false;
        for (const char *name : {"lower", "upper", "btrim", "ltrim", "rtrim"})
            spelled = spelled || (is_call(node, name) && list_length(castNode(FuncExpr, node)->args) == 1);
        if (!spelled) return node;
    }
}

Node *folders_of_name(Node *node) {
    node = without_casts(node);
    const bool lists =
        is_call(node, "foldername") || (is_call(node, "string_to_array") && is_text(argument(node, 1), "/"));
    return lists ? column_in(argument(node, 0)) : nullptr;
}

Node *number_of_folders(Node *node, int *beyond) {
    node = without_casts(node);
    if (!is_call(node, "array_length") && !is_call(node, "cardinality")) return nullptr;
    Node *list = argument(node, 0);
    *beyond = is_call(list, "string_to_array") ? 1 : 0;
    return folders_of_name(list);
}

Node *part_of_name(Node *node, int *part) {
    // nullif(part, ''), coalesce(part, '')
    for (node = without_casts(node); node != nullptr && (IsA(node, NullIfExpr) || IsA(node, CoalesceExpr));)
        node = without_casts(
            (Node *)linitial(IsA(node, NullIfExpr) ? ((OpExpr *)node)->args : castNode(CoalesceExpr, node)->args));
    node = without_spelling(node);
    if (node == nullptr) return nullptr;
    if (IsA(node, SubscriptingRef)) {
        const auto *subscript = castNode(SubscriptingRef, node);
        if (list_length(subscript->refupperindexpr) != 1 || subscript->reflowerindexpr != NIL) return nullptr;
        *part = number_in((Node *)linitial(subscript->refupperindexpr));
        return *part > 0 ? folders_of_name((Node *)subscript->refexpr) : nullptr;
    }
    if (!IsA(node, FuncExpr)) return nullptr;
    Node *of = argument(node, 0);
    if (is_call(node, "filename") || is_call(node, "extension")) {
        *part = is_call(node, "filename") ? kFileName : kExtension;
        return column_in(of);
    }
    // The first letters of a name that are cast to a type are its first folder.
    if (is_call(node, "left") || is_call(node, "substr") || is_call(node, "substring")) {
        *part = 1;
        return argument(node, 1) != nullptr && number_in(argument(node, 1)) != 0 ? column_in(of) : nullptr;
    }
    if (!is_call(node, "split_part")) return nullptr;
    const int number = number_in(argument(node, 2));
    if (is_text(argument(node, 1), "/") && number > 0) {
        *part = number;
        return column_in(of);
    }
    if (!is_text(argument(node, 1), ".") || number < 1 || number > 2) return nullptr;
    *part = number == 1 ? kStem : kExtension;
    return column_in(is_call(of, "filename") ? argument(of, 0) : of);
}

const char *like_sample(const char *pattern) {
    StringInfoData like;
    initStringInfo(&like);
    for (const char *c = pattern; *c != '\0'; c++)
        if (*c == '%')
            appendStringInfoString(&like, "made");
        else if (*c != '\\')
            appendStringInfoChar(&like, *c == '_' ? 'x' : *c);
    return like.data;
}

std::string name_of_parts(NameParts parts, const std::map<int, Oid> &read_as, const std::string &stem) {
    for (const auto &[part, type] : read_as)
        if (const std::string text = text_as(type); !text.empty()) parts.emplace(part, text);
    constexpr int kMostFolders = 8;
    std::string name;
    int folders = 0;
    for (const auto &[part, text] : parts)
        if (part > folders && part <= kMostFolders) folders = part;
    for (int folder = 1; folder <= folders; folder++)
        name += (parts.contains(folder) ? parts.at(folder) : std::string("made")) + "/";
    if (parts.contains(kFileName)) return name + parts.at(kFileName);
    name += parts.contains(kStem) ? parts.at(kStem) : stem;
    return name + "." + (parts.contains(kExtension) ? parts.at(kExtension) : std::string("txt"));
}

} // namespace rlsproof::server
