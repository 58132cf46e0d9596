unit_test(unit/test_units.c config)
unit_test(unit/test_suggest.c config)
unit_test(unit/test_expand.c config)
unit_test(unit/test_shape.c config)
unit_test(unit/test_keys.c config)
unit_test(unit/test_pattern.c config base)
unit_test(unit/test_config_yaml.c config)

if(PIN2MQTT_TESTS)
  # What the tests of whole files share.
  add_library(config_test STATIC unit/config_test.c)
  target_include_directories(config_test PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(config_test PUBLIC config)

  # Prints the table of keys for tests/lint/check_docs.
  add_executable(print_keys lint/print_keys.c)
  target_link_libraries(print_keys PRIVATE config)
endif()
unit_test(unit/test_compare.c config_test)
unit_test(unit/test_filter_rules.c config_test)
unit_test(unit/test_config.c config_test)
unit_test(unit/test_print.c config_test)
unit_test(unit/test_secrets.c config_test)
unit_test(unit/test_tls_rules.c config_test)

fuzz_target(fuzz/fuzz_config.c config)
