/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"
#include "ui/web/specifiers.h"

static const sm_specifier list[] = {
    { "preact", "vendor/preact.js" },
    { "preact/hooks", "vendor/hooks.js" },
    { NULL, NULL },
};

static void check(const char *path, const char *script, const char *want)
{
    sm_buf b;

    sm_buf_init(&b, 4096);
    sm_specifiers_rewrite(sm_sv_cstr(script), sm_sv_cstr(path), list, &b);
    assert_string_equal(b.ptr, want);
    sm_buf_release(&b);
}

static void test_specifiers__become_paths_relative_to_the_script(void **state)
{
    (void)state;
    check("app.js", "import { h } from 'preact';\nimport \"preact/hooks\";",
          "import { h } from './vendor/preact.js';\nimport \"./vendor/hooks.js\";");
    check("pages/a.js", "import{h}from\"preact\";import('preact/hooks')",
          "import{h}from\"../vendor/preact.js\";import('../vendor/hooks.js')");
    check("a/b/c.js", "export * from 'preact'", "export * from '../../vendor/preact.js'");
}

static void test_specifiers__other_texts_stay(void **state)
{
    static const char *const texts[] = {
        "import './lib/x.js'",
        "const from = 'preact'",
        "x.from('preact')",
        "'preact'",
        "import 'preact2'",
        "import 'preact",
        "from",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check("app.js", texts[i], texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_specifiers__become_paths_relative_to_the_script),
        SM_TEST(test_specifiers__other_texts_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
