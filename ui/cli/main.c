/* SPDX-License-Identifier: Apache-2.0 */
/* main.c -- the program. */
#include "ui/cli/cli.h"

int main(int argc, char **argv)
{
    return sm_cli_main(argc, argv);
}
