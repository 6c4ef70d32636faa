# SPDX-License-Identifier: Apache-2.0
# A pause is kept before the first run, and by whoever has a fault in his files.
smelt -q init
smelt pause
smelt pause
smelt -q run >/dev/null && echo ran
smelt status | grep -E "paused|Next" | sed "s/since .* by/since TIME, by/"
sed -i 's/^tables:/trigger: {paused: true}\ntables:/' pipeline.yml
smelt resume
smelt status | grep -E "paused|Next"
smelt resume
echo "nonsense: 1" >>pipeline.yml
smelt pause
smelt pause a b
echo "status $?"
