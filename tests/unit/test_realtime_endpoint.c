#include "realtime/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void builds_the_target_of_each_dialect(void **state)
{
    (void)state;
    static const struct {
        struct endpoint endpoint;
        const char *target;
    } cases[] = {
        {{.dialect = DIALECT_GA, .deployment = "gpt-realtime"},
         "/openai/v1/realtime?model=gpt-realtime"},
        {{.dialect = DIALECT_PREVIEW, .deployment = "rt", .api_version = "2025-04-01-preview"},
         "/openai/realtime?api-version=2025-04-01-preview&deployment=rt"},
        {{.dialect = DIALECT_OPENAI, .deployment = "gpt-realtime"},
         "/v1/realtime?model=gpt-realtime"},
        {{.dialect = DIALECT_GA, .deployment = "a b&c=d"},
         "/openai/v1/realtime?model=a%20b%26c%3Dd"},
        {{.dialect = DIALECT_GA, .deployment = "d", .api_version = "ignored"},
         "/openai/v1/realtime?model=d"},
        {{.dialect = DIALECT_GA, .deployment = "d", .path = "/gateway/realtime"},
         "/gateway/realtime?model=d"},
        {{.dialect = DIALECT_GA, .deployment = "d", .path = "gateway?team=1"},
         "/gateway?team=1&model=d"},
        {{.dialect = DIALECT_GA, .deployment = "d", .path = "/x y\r\nHost: z#f"},
         "/x%20y%0D%0AHost:%20z%23f?model=d"},
        {{.dialect = DIALECT_GA, .path = "/p"}, "/p"},
        {{.dialect = DIALECT_GA, .deployment = "d", .secret = "k/+1", .secret_in_query = true},
         "/openai/v1/realtime?model=d&api-key=k%2F%2B1"},
        {{.dialect = DIALECT_GA, .deployment = "d", .secret = "k"}, "/openai/v1/realtime?model=d"},
        {{.dialect = DIALECT_GA,
          .deployment = "d",
          .secret = "t",
          .secret_in_query = true,
          .secret_is_token = true},
         "/openai/v1/realtime?model=d"},
        {{.dialect = DIALECT_OPENAI, .deployment = "d", .secret = "k", .secret_in_query = true},
         "/v1/realtime?model=d"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text target = {0};
        endpoint_target(&cases[i].endpoint, &target);
        assert_string_equal(text_str(&target), cases[i].target);
        text_free(&target);
    }
}

static void sends_the_credential_where_it_belongs(void **state)
{
    (void)state;
    static const struct {
        struct endpoint endpoint;
        const char *name, *value; /* NULL: no header */
    } cases[] = {
        {{.dialect = DIALECT_GA, .secret = "key"}, "api-key", "key"},
        {{.dialect = DIALECT_PREVIEW, .secret = "key"}, "api-key", "key"},
        {{.dialect = DIALECT_GA, .secret = "jwt", .secret_is_token = true},
         "Authorization",
         "Bearer jwt"},
        {{.dialect = DIALECT_OPENAI, .secret = "sk"}, "Authorization", "Bearer sk"},
        {{.dialect = DIALECT_GA, .secret = "key", .secret_in_query = true}, NULL, NULL},
        {{.dialect = DIALECT_GA, .secret = "jwt", .secret_is_token = true, .secret_in_query = true},
         "Authorization",
         "Bearer jwt"},
        {{.dialect = DIALECT_OPENAI, .secret = "sk", .secret_in_query = true},
         "Authorization",
         "Bearer sk"},
        {{.dialect = DIALECT_GA}, NULL, NULL},
        {{.dialect = DIALECT_GA, .secret = ""}, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text value = {0};
        const char *name = NULL;
        bool sent = endpoint_credential(&cases[i].endpoint, &name, &value);
        assert_int_equal(sent, cases[i].name != NULL);
        if (sent) {
            assert_string_equal(name, cases[i].name);
            assert_string_equal(text_str(&value), cases[i].value);
        }
        assert_int_equal(value.length > 0, sent);
        text_free(&value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_the_target_of_each_dialect),
        cmocka_unit_test(sends_the_credential_where_it_belongs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
