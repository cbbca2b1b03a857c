// Included last by every core header, on purpose without an include guard: core rooms know no server, and a server file
// includes them before postgres.h. Either mistake stops the build here.
#ifdef POSTGRES_H
#error "a core header was included after postgres.h: core headers first, the server's extern \"C\" block last"
#endif
