"""The domain controller that `demo` and the tests run on."""
