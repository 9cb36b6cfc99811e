# Every command explains itself: its usage, what it is for, and flags with a text each.
for command in cluster assign eval embed info recipe options ablate semi export cache bench; do
    spica "$command" --help >help
    head -n 3 help
    test "$(grep -c '^  --' help)" -ge 2
    ! grep -E '^  --[a-z-]+ *[^ ]*$' help
done
